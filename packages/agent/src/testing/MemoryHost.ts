/** A host in memory: one PF with a few devices, epochs in a map that outlives it, faults that its drains meet. */
import type { MigrationState } from "@stopcopy/vfio"
import { Effect, PubSub } from "effect"
import { custodyInMemory } from "../Custody.ts"
import type { DeviceChange, DeviceFacts, PfFacts } from "../Description.ts"
import { type EpochRecord, initial } from "../Epoch.ts"
import { NoSuchDevice } from "../Errors.ts"
import { FaultBook } from "../FaultBook.ts"
import type { HostDevice, HostService } from "../Host.ts"
import type { DeviceName } from "../Values.ts"
import type { Digests, View } from "../View.ts"
import { MemoryDevice } from "./MemoryDevice.ts"

/** How a host is made. */
export interface MemoryHostOptions {
  readonly name: string
  /** Default: 2. */
  readonly devices?: number
  /** Registers of each device. Default: 8. */
  readonly registers?: number
  readonly capabilities?: number
  /** What is durable: hand the same map to the host that comes after. Default: an empty one. */
  readonly epochs?: Map<DeviceName, EpochRecord>
  /** Default: true. */
  readonly faults?: boolean
}

/** A host with what a test may look at and change behind its back. */
export interface MemoryHost {
  readonly host: HostService
  /** By their name: `pf0/vf0` and so on. */
  readonly devices: ReadonlyMap<DeviceName, MemoryDevice>
  readonly faults: FaultBook
}

/** How many changes wait for a watcher that is slow; then the oldest are dropped. */
const watchLimit = 16

const hex = (value: number): string => `0x${value.toString(16)}`

/** A short digest that is good enough for tests: FNV-1a over 32 bits. */
const fnv = (text: string): string => {
  let hash = 0x811c_9dc5
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x0100_0193) >>> 0
  return hash.toString(16).padStart(8, "0")
}

const viewOf = (device: MemoryDevice): { readonly view: View; readonly digests: Digests } => {
  const registers = Object.fromEntries([...device.registers].map((value, index) => [`r${index}`, hex(value)] as const))
  const view = { GENER: { count: String(device.registers.length) }, REGS: registers }
  const sections = Object.fromEntries(
    Object.entries(view).map(([name, section]) => [name, fnv(JSON.stringify(section))] as const)
  )
  return { view, digests: { sections, whole: fnv(JSON.stringify(sections)) } }
}

const factsOf = (vfNumber: number): DeviceFacts => ({
  name: `pf0/vf${vfNumber}`,
  vfNumber,
  socketPath: `/nowhere/pf0-vf${vfNumber}.sock`,
  deviceType: "memory",
  deviceId: 0x4941,
  mode: "safe",
  migrationFlags: 7
})

const pfOf = (capabilities: number): PfFacts => ({
  name: "pf0",
  deviceId: 0x4940,
  deviceKind: "4xxx",
  capabilities: { gencap: capabilities, svcmap: 0x6db, extdc: 0, rateLimiting: true, slas: [sla] }
})

const sla = { service: 1, ringPairMask: 0xf0n, cir: 1000, pir: 2000 }

/** What the devices of one host share. */
interface Shared {
  readonly epochs: Map<DeviceName, EpochRecord>
  readonly faults: FaultBook
  readonly changes: PubSub.PubSub<DeviceChange>
}

const makeDevice = (facts: DeviceFacts, options: MemoryHostOptions, { changes, epochs, faults }: Shared) => {
  const { capabilities = 0x3, registers = 8 } = options
  const { name } = facts
  const record = (): EpochRecord => epochs.get(name) ?? initial
  const status = (state: MigrationState) => ({ state, lifecycle: "open" as const, attached: false })
  const changed = (state: MigrationState) => PubSub.publish(changes, { name, ...status(state), ...record() })
  const device = new MemoryDevice({
    capabilities,
    registers,
    onState: (state) => Effect.asVoid(changed(state)),
    hangs: () => faults.meet({ device: name, message: "Drain", kinds: ["HangDrain"] }).length > 0
  })
  const host: HostDevice = {
    facts,
    status: Effect.map(device.getState, status),
    migration: device,
    view: Effect.sync(() => viewOf(device)),
    epoch: Effect.sync(record),
    custody: custodyInMemory(),
    recordEpoch: (next) =>
      Effect.suspend(() => {
        epochs.set(name, next)
        return Effect.flatMap(device.getState, changed)
      })
  }
  return { device, host }
}

/** A host. */
export const makeMemoryHost = (options: MemoryHostOptions): Effect.Effect<MemoryHost> =>
  Effect.gen(function* () {
    const { capabilities = 0x3, devices = 2, epochs = new Map<DeviceName, EpochRecord>(), name } = options
    const faults = new FaultBook()
    const changes = yield* PubSub.sliding<DeviceChange>(watchLimit)
    const made = Array.from({ length: devices }, (_, number) =>
      makeDevice(factsOf(number), options, { epochs, faults, changes })
    )
    const known = new Map(made.map(({ host }) => [host.facts.name, host]))
    const host: HostService = {
      name,
      program: "memory",
      pfs: Effect.succeed([{ facts: pfOf(capabilities), devices: [...known.values()] }]),
      device: (device) => {
        const found = known.get(device)
        return found === undefined
          ? Effect.fail(new NoSuchDevice({ device, known: [...known.keys()] }))
          : Effect.succeed(found)
      },
      watch: PubSub.subscribe(changes),
      faults: options.faults === false ? undefined : faults
    }
    return { host, faults, devices: new Map(made.map(({ device, host: { facts } }) => [facts.name, device])) }
  })
