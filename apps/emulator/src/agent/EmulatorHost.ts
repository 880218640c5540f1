/** The emulator as the agent's contract drives it: its PFs, their VFs, their changes, faults. */
import { type HostFailed, type HostPf, type HostService, NoSuchDevice } from "@stopcopy/agent"
import { DeviceType, PfvfMessage } from "@stopcopy/qat"
import type { Journal } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { FaultPoints } from "../faults/FaultPoints.ts"
import type { HostedPf } from "../hosting/HostedPf.ts"
import { version } from "../Version.ts"
import { exportsOf } from "./exports.ts"
import { failed } from "./HostedDevice.ts"
import { watching } from "./Watching.ts"

const hostPf = ({ name, pf, vfs }: HostedPf): Effect.Effect<HostPf, HostFailed> =>
  Effect.mapBoth(pf.state, {
    onFailure: failed(name),
    onSuccess: ({ deviceId, extdc, gencap, rateLimiting, slas, svcmap }) => ({
      facts: {
        name,
        deviceId,
        deviceKind: DeviceType.deviceTypeOf(deviceId)?.name ?? "unknown",
        capabilities: { gencap, svcmap, extdc, rateLimiting, slas, compatVersion: PfvfMessage.compatVersion }
      },
      devices: vfs.map(({ host }) => host)
    })
  })

export const emulatorHost = (
  name: string,
  pfs: ReadonlyArray<HostedPf>,
  faults: FaultPoints,
  journal: Journal["Type"]
): HostService => {
  const vfs = pfs.flatMap((pf) => pf.vfs)
  const devices = new Map(vfs.map((vf) => [vf.name, vf.host]))
  return {
    name,
    program: `stopcopy-emulator ${version}`,
    pfs: Effect.forEach(pfs, hostPf),
    device: (wanted) =>
      Effect.suspend(() => {
        const device = devices.get(wanted)
        return device === undefined
          ? Effect.fail(new NoSuchDevice({ device: wanted, known: [...devices.keys()] }))
          : Effect.succeed(device)
      }),
    watch: watching(vfs),
    faults: faults.faults,
    exports: exportsOf(name, journal)
  }
}
