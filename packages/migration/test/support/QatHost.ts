/** A host of QAT VFs over a journal: the `Host` of the agent's contract. Its process may end at any event, and another goes on where the journal ends. */
import {
  EpochActor,
  Handlers,
  Host,
  type HostDevice,
  HostFailed,
  type HostService,
  NoSuchDevice,
  type PfFacts
} from "@stopcopy/agent"
import { type Errno, isErrno } from "@stopcopy/errno"
import { Hardware, MigratedView, opNames, Pf, type PfActor, QatVfioPci, RegisterFile, Vf } from "@stopcopy/qat"
import { Dma, Engine } from "@stopcopy/qat/engine"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import type { MigratableDevice, MigrationFile } from "@stopcopy/vfio"
import { Effect, Option, PubSub, Scope } from "effect"
import type { Fuse } from "./Fuse.ts"
import { deviceOf, inProcess, type Life, type Seen, type Start } from "./Life.ts"
import type { Guest } from "./Guest.ts"

/** SLAs of both VFs: each names ring pairs of the device, so that a VF fits the one with its number alone. */
const slas = [0, 1].map((number) => ({ service: 1, ringPairMask: 0x3n << BigInt(4 * number), cir: 400, pir: 800 }))
/** Every bank symmetric. */
const offer = { gencap: 0x101_0007, svcmap: 0x6db, extdc: 0x3, rateLimiting: true, slas }
const pfFacts: PfFacts = {
  name: "pf0",
  deviceId: 0x4940,
  deviceKind: "4xxx",
  capabilities: { ...offer, compatVersion: 5 }
}
const healthy = { coreInit: 0, pfOps: opNames, allocateDevice: 0, allocateBlock: 0, register: 0 }
const asBorn = { registers: RegisterFile.reset(), init: 0, compatVersion: 0 }
const identity = { vendor: 0x8086, deviceId: 0x4941, mode: "safe", registerModel: "device" } as const

const failed = (device: string) => (error: Errno | JournalError) =>
  isErrno(error) ? error : new HostFailed({ device, reason: error.message })
const lost = (device: string) => (error: JournalError) => new HostFailed({ device, reason: error.message })

const hostFile = (device: string, file: MigrationFile<JournalError>): MigrationFile<HostFailed> => ({
  kind: file.kind,
  read: (length) => Effect.mapError(file.read(length), failed(device)),
  write: (bytes) => Effect.mapError(file.write(bytes), failed(device)),
  ioctl: (command, argument) => Effect.mapError(file.ioctl(command, argument), failed(device)),
  close: Effect.mapError(file.close, lost(device))
})

const migrationOf = (device: string, driver: QatVfioPci.QatVfioPci): MigratableDevice<HostFailed> => ({
  flags: driver.flags,
  setState: (to) =>
    Effect.mapBoth(driver.setState(to), {
      onFailure: failed(device),
      onSuccess: Option.map((file) => hostFile(device, file))
    }),
  getState: Effect.mapError(driver.getState, lost(device)),
  dataSize: Effect.mapError(driver.dataSize, failed(device)),
  reset: Effect.mapError(driver.reset, failed(device))
})

const hostDevice = (number: number, driver: QatVfioPci.QatVfioPci, epoch: EpochActor.EpochActor): HostDevice => {
  const name = deviceOf(number)
  const state = Effect.mapError(driver.vf.state, lost(name))
  return {
    facts: {
      name,
      vfNumber: number,
      socketPath: `/nowhere/vf${number}.sock`,
      deviceType: "qat-gen4",
      deviceId: identity.deviceId,
      mode: "safe",
      migrationFlags: driver.flags
    },
    status: Effect.map(state, ({ compatVersion, lifecycle, migrationState }) => ({
      state: migrationState,
      lifecycle,
      attached: false,
      compatVersion
    })),
    migration: migrationOf(name, driver),
    view: Effect.map(state, (now) => {
      const view = MigratedView.migratedView(now)
      return { view, digests: MigratedView.digest(view) }
    }),
    epoch: Effect.mapError(epoch.state, lost(name)),
    recordEpoch: (record) =>
      Effect.mapError(epoch.ask({ _tag: "RecordEpoch", ...record }, { durability: "durable" }), lost(name))
  }
}

const serviceOf = (name: string, devices: ReadonlyArray<HostDevice>): HostService => ({
  name,
  program: "test",
  pfs: Effect.succeed([{ facts: pfFacts, devices }]),
  device: (wanted) => {
    const found = devices.find(({ facts }) => facts.name === wanted)
    const known = devices.map(({ facts }) => facts.name)
    return found === undefined ? Effect.fail(new NoSuchDevice({ device: wanted, known })) : Effect.succeed(found)
  },
  watch: Effect.flatMap(PubSub.sliding<never>(1), PubSub.subscribe),
  faults: undefined
})

/** Brings up a VF that the journal does not know yet; a guest sets its rings up. */
const born = (driver: QatVfioPci.QatVfioPci, vfIndex: number, guest: Guest | undefined) =>
  Effect.gen(function* () {
    if ((yield* driver.vf.state).lifecycle !== "unbound") return
    yield* driver.vf.ask({ _tag: "Probe", ...identity, ...asBorn, ...healthy, vfIndex })
    yield* driver.open
    if (guest !== undefined) yield* guest.setup(driver)
  })

/** A VF with its engine, which works on the memory of the guest that may come. */
const vfOf = (
  pf: PfActor,
  number: number,
  guest: Guest,
  { fuse, isHome }: { readonly fuse: Fuse; readonly isHome: boolean }
) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const vf = yield* system.actor(Vf.behavior, deviceOf(number))
    const engine = yield* Effect.provideService(Engine.make(pf, vf), Dma, guest.dma(fuse))
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, engine)
    yield* born(driver, number, isHome ? guest : undefined)
    yield* driver.recover
    const epoch = yield* system.actor(EpochActor.behavior, deviceOf(number))
    const look = (): Seen => ({ state: vf.unsafeState().migrationState, record: epoch.unsafeState() })
    return { driver, look, device: hostDevice(number, driver, epoch) }
  })

/** A host of QAT VFs, whose devices are where its journal ends. */
export const startQat: Start = (disk, fuse, guest) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, "pf0")
    if ((yield* pf.state).gencap === 0) yield* pf.ask({ _tag: "Configure", deviceId: 0x4940, ...offer })
    const isHome = guest !== undefined
    const made = yield* Effect.forEach(disk.guests, (one, number) => vfOf(pf, number, one, { fuse, isHome }))
    const devices = made.map(({ device }) => device)
    const handlers = yield* Effect.provideService(Handlers.make, Host, serviceOf(disk.name, devices))
    const look = () => made.map((one) => one.look())
    const life: Life = { handlers, fuse, devices, look, drivers: made.map(({ driver }) => driver) }
    return life
  }).pipe((program) =>
    Effect.flatMap(Effect.zip(disk.journal, Effect.scope), ([journal, scope]) =>
      inProcess(journal, fuse)(Effect.provideService(program, Scope.Scope, scope))
    )
  )
