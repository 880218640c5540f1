/** Descriptions of hosts as an agent gives them, for tests of rules. */
import type { Capabilities, DeviceDescription, HostDescription } from "@stopcopy/agent"

const capabilities: Capabilities = {
  gencap: 0x101_0007,
  svcmap: 0x249,
  extdc: 0x3,
  rateLimiting: false,
  slas: []
}

const device = (changes: Partial<DeviceDescription>): DeviceDescription => ({
  name: "pf0/vf0",
  vfNumber: 0,
  socketPath: "/nowhere/vf0.sock",
  deviceType: "qat-gen4",
  deviceId: 0x4941,
  mode: "safe",
  migrationFlags: 7,
  state: "RUNNING",
  lifecycle: "open",
  attached: false,
  epoch: 0,
  standing: "held",
  digest: null,
  ...changes
})

interface Described {
  readonly host: string
  readonly capabilities?: Partial<Capabilities>
  readonly vfs?: ReadonlyArray<Partial<DeviceDescription>>
}

/** A host with one PF; one VF unless told otherwise. */
export const describeHost = ({ capabilities: offered = {}, host, vfs = [{}] }: Described): HostDescription => ({
  host,
  program: "test",
  contract: 1,
  faults: false,
  pfs: [
    {
      name: "pf0",
      deviceId: 0x4940,
      deviceKind: "4xxx",
      capabilities: { ...capabilities, ...offered },
      vfs: vfs.map(device)
    }
  ]
})
