/**
 * Running one sequence of `migfile.json` on the real driver over actors and a memory journal, in a world that fails as the
 * sequence says.
 */
import { isErrno } from "@stopcopy/errno"
import { Hardware, Pf, type PfActor, QatVfioPci, Vf } from "@stopcopy/qat"
import { ActorSystem, Journal, type JournalError } from "@stopcopy/runtime"
import { type MigrationFile, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { Chunk, Effect, Option, Schema, Stream } from "effect"
import { type Config, pfOf, probeOf } from "./Config.ts"
import type { Op } from "./MigFileCase.ts"

/** What the world does from now on; operations of the sequence change it. */
interface World {
  /** VF banks whose drain times out. */
  stuckBanks: ReadonlyArray<number>
  /** Errno of creating a migration file, 0 for success. */
  fileCreation: number
}

export interface Sequence {
  readonly config: Config
  readonly blobs: Readonly<Record<string, Uint8Array>>
  readonly world: World
  readonly pf: PfActor
  readonly driver: QatVfioPci.QatVfioPci
  /** Files handed out, by the label of the vectors. */
  readonly files: Map<string, MigrationFile<JournalError>>
  /** Position of each file in the VF's own numbering. */
  readonly numbers: Map<string, number>
}

/** What an operation gave: the result and what the vectors say besides. */
export interface Given {
  readonly ret: number
  readonly path?: ReadonlyArray<number>
  readonly fd?: string | null
  readonly value?: number
  readonly bytes?: Uint8Array
  readonly out?: PrecopyInfo.PrecopyInfo
}

const hardwareOf = (world: World) =>
  Hardware.of({
    drain: (pfBank) => Effect.sync(() => !world.stuckBanks.includes(pfBank % 4)),
    release: () => Effect.void,
    interruptSource: () => Effect.void,
    fileCreation: Effect.sync(() => world.fileCreation)
  })

/** A freshly opened device in a fresh journal. */
export const start = (config: Config, blobs: Readonly<Record<string, Uint8Array>>) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, "0000:6b:00.0")
    const vf = yield* system.actor(Vf.behavior, "0000:6b:00.1")
    yield* pf.ask(pfOf(config))
    yield* vf.ask(probeOf(config))
    const world: World = { stuckBanks: [], fileCreation: 0 }
    const driver = yield* Effect.provideService(QatVfioPci.make(pf, vf), Hardware, hardwareOf(world))
    yield* driver.open
    const sequence: Sequence = { config, blobs, world, pf, driver, files: new Map(), numbers: new Map() }
    return sequence
  })

/** The errno of an expected failure as the vectors write it; a failure of the journal is passed on. */
const orErrno = <A extends Given, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.catchAll(effect, (error): Effect.Effect<Given, E> =>
    isErrno(error) ? Effect.succeed({ ret: -error.errno }) : Effect.fail(error)
  )

const done: Given = { ret: 0 }

/** Numbers of the states that the device has reached since event `after`, from its journal. */
const statesSince = ({ driver }: Sequence, after: number) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const taken = journal.events(after).pipe(
      Stream.filter(({ stream, type }) => stream === driver.vf.stream && type === "ArcTaken"),
      Stream.mapEffect(({ payload }) => decodeEvent(new TextDecoder().decode(payload ?? undefined)))
    )
    const events = Chunk.toReadonlyArray(yield* Stream.runCollect(taken))
    return events.flatMap((event) => (event._tag === "ArcTaken" ? [MigrationStates.toNumber(event.to)] : []))
  })

const decodeEvent = Schema.decode(Vf.behavior.event)

const setState = (sequence: Sequence, requested: number) =>
  Effect.gen(function* () {
    const { driver, files, numbers } = sequence
    const before = driver.vf.unsafePosition()
    const given = yield* orErrno(
      Effect.map(driver.setState(requested), (file): Given => {
        if (Option.isNone(file)) return { ret: 0 }
        const fd = `fd${files.size}`
        files.set(fd, file.value)
        numbers.set(fd, driver.vf.unsafeState().ended?.file ?? -1)
        return { ret: 0, fd }
      })
    )
    return { fd: null, ...given, path: yield* statesSince(sequence, before) }
  })

const fileOf = ({ files }: Sequence, fd: string) =>
  Option.match(Option.fromNullable(files.get(fd)), {
    onNone: () => Effect.dieMessage(`the sequence names ${fd}, which was never handed out`),
    onSome: Effect.succeed
  })

const read = (sequence: Sequence, op: Extract<Op, { readonly op: "read" }>) =>
  Effect.flatMap(fileOf(sequence, op.fd), (file) =>
    orErrno(
      Effect.map(file.read(op.len, { positioned: op.positioned, faulting: op.fault }), (bytes): Given => ({
        ret: bytes.length,
        bytes
      }))
    )
  )

/** The bytes of a write: the blob from its offset on, zeroes beyond its end; nothing for lengths that no memory holds. */
const dataOf = ({ blobs }: Sequence, op: Extract<Op, { readonly op: "write" }>): Uint8Array => {
  const bytes = new Uint8Array(op.len > 8192n ? 0 : Number(op.len))
  bytes.set((blobs[op.blob] ?? new Uint8Array(0)).subarray(op.off, op.off + bytes.length))
  return bytes
}

const write = (sequence: Sequence, op: Extract<Op, { readonly op: "write" }>) =>
  Effect.flatMap(fileOf(sequence, op.fd), (file) =>
    orErrno(
      Effect.map(
        file.write(dataOf(sequence, op), { positioned: op.positioned, faulting: op.fault, length: op.len }),
        (ret): Given => ({ ret })
      )
    )
  )

const initialBytes = 0x1111_1111_1111_1111n
const dirtyBytes = 0x2222_2222_2222_2222n

const ioctl = (sequence: Sequence, op: Extract<Op, { readonly op: "ioctl" }>) =>
  Effect.gen(function* () {
    const file = yield* fileOf(sequence, op.fd)
    const memory = PrecopyInfo.encode({ argsz: op.argsz, flags: op.flags, initialBytes, dirtyBytes })
    const argument = op.fault ? new Uint8Array(0) : memory
    return yield* orErrno(
      Effect.flatMap(file.ioctl(op.cmd, argument), (bytes) =>
        Effect.map(PrecopyInfo.decode(bytes), (out): Given => ({ ret: 0, out }))
      )
    )
  })

const setHardware = (sequence: Sequence, op: Extract<Op, { readonly op: "set_hw" }>) => {
  const { gencap, extdc, rateLimiting, slas, svcmap } = sequence.pf.unsafeState()
  return sequence.pf.ask({
    _tag: "Configure",
    deviceId: 0x4940,
    gencap: op.gencap ?? gencap,
    extdc: op.extdc ?? extdc,
    svcmap: op.svcmap ?? svcmap,
    rateLimiting,
    slas
  })
}

const setMailboxBusy = ({ config, pf }: Sequence, busy: boolean) =>
  pf.ask({ _tag: busy ? "LockMailbox" : "UnlockMailbox", vf: config.vf_nr, holder: "service" })

const forcePosition = ({ driver, numbers }: Sequence, fd: string, position: number) =>
  driver.vf.ask({ _tag: "ForceFilePosition", file: numbers.get(fd) ?? -1, position })

/** Carries out one operation. Fails only where the journal does. */
export const perform = (sequence: Sequence, op: Op) => {
  const { driver, world } = sequence
  switch (op.op) {
    case "set_state":
      return setState(sequence, op.new)
    case "get_state":
      return Effect.map(driver.getState, (state): Given => ({ ret: 0, value: MigrationStates.toNumber(state) }))
    case "get_data_size":
      return orErrno(Effect.map(driver.dataSize, (size): Given => ({ ret: 0, value: Number(size) })))
    case "read":
      return read(sequence, op)
    case "write":
      return write(sequence, op)
    case "ioctl":
      return ioctl(sequence, op)
    case "close_fd":
      return Effect.flatMap(fileOf(sequence, op.fd), (file) => Effect.as(file.close, done))
    case "reset":
      return orErrno(Effect.as(driver.reset, done))
    case "close_device":
      return orErrno(Effect.as(driver.close, done))
    case "open_device":
      return orErrno(Effect.as(driver.open, done))
    case "set_hw":
      return orErrno(Effect.as(setHardware(sequence, op), done))
    case "pfvf_busy":
      return orErrno(Effect.as(setMailboxBusy(sequence, op.busy), done))
    case "force_pos":
      return orErrno(Effect.as(forcePosition(sequence, op.fd, op.pos), done))
    case "drain_never_completes":
      return Effect.sync(() => ((world.stuckBanks = op.banks), done))
    case "file_alloc_fails":
      return Effect.sync(() => ((world.fileCreation = -op.errno), done))
  }
}
