/**
 * Two hosts for tests: a PF and one of its VFs with the driver over actors and the test's journal, in a world that fails as
 * the test says; and the whole way of a migration between two of them.
 */
import type { Errno } from "@stopcopy/errno"
import { Hardware, opNames, Pf, type PfActor, QatVfioPci, RegisterFile, Vf, type VfCommand } from "@stopcopy/qat"
import { ActorSystem, Journal, type JournalError, Replay, Verify } from "@stopcopy/runtime"
import { type MigrationFile, MigrationStates, type MigrationState } from "@stopcopy/vfio"
import { assert } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"

type Probe = Extract<VfCommand, { readonly _tag: "Probe" }>
export type Configure = Extract<Pf.PfCommand, { readonly _tag: "Configure" }>

/** What the world does from now on; a test changes it. Banks are those of the VF. */
interface World {
  /** Drains that end without the bank being drained. */
  stuck: ReadonlyArray<number>
  /** Drains that end when `gate` does. */
  hanging: ReadonlyArray<number>
  gate: Effect.Effect<void>
  fileCreation: number
  /** Drains begun so far. */
  drains: number
  /** PF banks that were released in hardware; a test empties it. */
  readonly released: Set<number>
}

export interface Host {
  readonly pf: PfActor
  readonly driver: QatVfioPci.QatVfioPci
  readonly world: World
}

/** A probe without any failing step: a 4xxx VF in safe mode with derived registers. */
export const probe = (changes: Partial<Probe> = {}): Probe => ({
  _tag: "Probe",
  vendor: 0x8086,
  deviceId: 0x4941,
  mode: "safe",
  registerModel: "derived",
  registers: RegisterFile.reset(),
  init: 0,
  compatVersion: 0,
  coreInit: 0,
  vfIndex: 1,
  pfOps: opNames,
  allocateDevice: 0,
  allocateBlock: 0,
  register: 0,
  ...changes
})

/** Symmetric crypto on ring pair 4, which is bank 0 of VF 1. */
export const sla = { service: 1, ringPairMask: 0x10n, cir: 400, pir: 800 }

/** A PF with rate limiting and one SLA of VF 1. */
export const configure = (changes: Partial<Configure> = {}): Configure => ({
  _tag: "Configure",
  deviceId: 0x4940,
  gencap: 0x0101_0007,
  svcmap: 0x0249,
  extdc: 0x3,
  rateLimiting: true,
  slas: [sla],
  ...changes
})

const hardwareOf = (world: World) =>
  Hardware.of({
    drain: (pfBank) =>
      Effect.suspend(() => {
        world.drains++
        return world.hanging.includes(pfBank % 4)
          ? Effect.as(world.gate, true)
          : Effect.succeed(!world.stuck.includes(pfBank % 4))
      }),
    release: (pfBank) => Effect.sync(() => world.released.add(pfBank)),
    interruptSource: () => Effect.void,
    fileCreation: Effect.sync(() => world.fileCreation)
  })

/** The driver over the actors that the journal has; nothing is asked of them. */
export const attach = (pfName: string, vfName: string) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, pfName)
    const vf = yield* system.actor(Vf.behavior, vfName)
    const world: World = { stuck: [], hanging: [], gate: Effect.never, fileCreation: 0, drains: 0, released: new Set() }
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardwareOf(world))
    const host: Host = { pf, driver, world }
    return host
  })

/** A host whose VF is open. `name` is the PCI bus of both functions. */
export const open = (name: string, changes: { readonly pf?: Partial<Configure>; readonly vf?: Partial<Probe> } = {}) =>
  Effect.gen(function* () {
    const host = yield* attach(`${name}:00.0`, `${name}:00.1`)
    yield* host.pf.ask(configure(changes.pf))
    yield* host.driver.vf.ask(probe(changes.vf))
    yield* host.driver.open
    return host
  })

type File = MigrationFile<JournalError>

/** Whoever has the driver. */
type Driven = Pick<Host, "driver">

/** Walks to a state, which must give a file. */
export const enter = ({ driver }: Driven, state: MigrationState): Effect.Effect<File, Errno | JournalError> =>
  Effect.flatMap(
    driver.setState(MigrationStates.toNumber(state)),
    Option.match({ onNone: () => Effect.dieMessage(`no file in ${state}`), onSome: (file) => Effect.succeed(file) })
  )

/** Walks to a state, which must not give a file. */
export const go = ({ driver }: Driven, state: MigrationState): Effect.Effect<void, Errno | JournalError> =>
  Effect.map(driver.setState(MigrationStates.toNumber(state)), (file) => assert.isTrue(Option.isNone(file)))

/** Moves what there is now from one file to the other, in chunks of these sizes, over and over. Bytes moved. */
export const copy = (from: File, to: File, sizes: ReadonlyArray<number>): Effect.Effect<number, Errno | JournalError> =>
  Effect.gen(function* () {
    let moved = 0
    for (let turn = 0; ; turn++) {
      const size = sizes[turn % sizes.length] ?? 4096
      const bytes = yield* from.read(size).pipe(Effect.catchTag("ENOMSG", () => Effect.succeed(new Uint8Array(0))))
      if (bytes.length === 0) return moved
      assert.strictEqual(yield* to.write(bytes), bytes.length)
      moved += bytes.length
    }
  })

/** How a test looks into a migration, and what the guest does meanwhile. */
interface Meanwhile {
  readonly chunks?: ReadonlyArray<number>
  readonly whilePreCopy?: Effect.Effect<void, Errno | JournalError>
  readonly whileP2P?: Effect.Effect<void, Errno | JournalError>
}

/** The whole way: live, setup part judged while the source runs, then stopped and loaded. The destination runs. */
export const migrate = (source: Driven, destination: Driven, meanwhile: Meanwhile = {}) =>
  Effect.gen(function* () {
    const chunks = meanwhile.chunks ?? [4096]
    const saving = yield* enter(source, "PRE_COPY")
    const resuming = yield* enter(destination, "RESUMING")
    const setup = yield* copy(saving, resuming, chunks)
    yield* meanwhile.whilePreCopy ?? Effect.void
    yield* go(source, "PRE_COPY_P2P")
    yield* meanwhile.whileP2P ?? Effect.void
    yield* go(source, "STOP_COPY")
    const state = yield* copy(saving, resuming, chunks)
    for (const to of ["STOP", "RUNNING_P2P", "RUNNING"] as const) yield* go(destination, to)
    yield* saving.close
    yield* resuming.close
    yield* go(source, "STOP")
    return { setup, state }
  })

/** The registry of everything that this package journals. */
const known = Replay.registry(Replay.replayable(Pf.behavior), Replay.replayable(Vf.behavior))

const replayedVf = ({ driver }: Host) =>
  Effect.flatMap(Replay.stateAt(known, driver.vf.stream), ({ state }) => decodeVf(state.json))

const decodeVf = Schema.decode(Vf.behavior.state)

/** The state of both actors in a fresh process over the same journal. */
const restored = (host: Host) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const name = (stream: string) => stream.slice(stream.indexOf("/") + 1)
    const pf = yield* system.actor(Pf.behavior, name(host.pf.stream))
    const vf = yield* system.actor(Vf.behavior, name(host.driver.vf.stream))
    return { pf: pf.unsafeState(), vf: vf.unsafeState() }
  }).pipe(Effect.provide(Layer.fresh(ActorSystem.layer)))

/** Replay, a fresh process and the live actors agree, and the journal's chain holds. */
export const agree = (...hosts: ReadonlyArray<Host>) =>
  Effect.gen(function* () {
    for (const host of hosts) {
      const live = { pf: host.pf.unsafeState(), vf: host.driver.vf.unsafeState() }
      assert.deepStrictEqual(yield* restored(host), live)
      assert.deepStrictEqual(yield* replayedVf(host), live.vf)
    }
    const journal = yield* Journal
    const { sequence } = yield* Verify.verify()
    assert.strictEqual(sequence, (yield* journal.head()).sequence)
  })

/** Actors over a journal in memory. */
export const layer = Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)
