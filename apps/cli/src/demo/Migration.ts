/**
 * One live migration of one VF over the packages' contracts, for the demo: one process, no coordinator, no guest memory. The
 * steps are those of `docs/architecture.md`, "The way of one migration".
 *
 * D1 Until both sides' digests agree, a step that fails, or an interrupt, resets the destination and puts the source back to
 *    RUNNING. After that it only goes forward: never two sides that run.
 * D2 The guest's registers are served until STOP_COPY; the guest works on during pre-copy.
 */
import { EIO, type Errno } from "@stopcopy/errno"
import { MigratedView, type QatVfioPci } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import { Ioctl, type MigrationFile, type MigrationState, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { Cause, Clock, Effect, Option } from "effect"
import { eventLoopTurn } from "../EventLoop.ts"
import type { Display, Progress } from "./Display.ts"
import type { Migrated, Transfer } from "./Migrated.ts"
import { durationText, transferText } from "./Report.ts"

type Driver = QatVfioPci.QatVfioPci
type File = MigrationFile<JournalError>
type Failure = Errno | JournalError

interface MigrationOptions {
  readonly source: Driver
  readonly destination: Driver
  /** Size of the next chunk, in bytes. */
  readonly nextSize: () => number
  /** What the guest does after chunk number `chunk` of the setup part, while it runs. */
  readonly guestRuns: (chunk: number) => Effect.Effect<void, Failure>
  /** What the guest does while the banks are drained. */
  readonly guestInP2P: Effect.Effect<void, Failure>
  readonly display: Display
}

const enter = (driver: Driver, state: MigrationState): Effect.Effect<Option.Option<File>, Failure> =>
  driver.setState(MigrationStates.toNumber(state))

/** Enters a state that opens a session. */
const openSession = (driver: Driver, state: MigrationState): Effect.Effect<File, Failure> =>
  Effect.flatMap(
    enter(driver, state),
    Option.match({
      onNone: () => Effect.dieMessage(`the arc to ${state} must produce a file`),
      onSome: (file) => Effect.succeed(file)
    })
  )

/** An effect's result with the nanoseconds it took. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeNanos
    const result = yield* effect
    return [result, Number((yield* Clock.currentTimeNanos) - start)] as const
  })

/** Reads some bytes; none at the end of the data, which pre-copy words as `ENOMSG`. */
const readChunk = (file: File, length: number): Effect.Effect<Uint8Array, Failure> =>
  Effect.catchTag(file.read(length), "ENOMSG", () => Effect.succeed(new Uint8Array(0)))

const writeAll = (file: File, bytes: Uint8Array): Effect.Effect<void, Failure> =>
  Effect.flatMap(file.write(bytes), (taken) =>
    taken < bytes.byteLength ? writeAll(file, bytes.subarray(taken)) : Effect.void
  )

/** Moves the next chunk; how many bytes it had. */
const moveChunk = (from: File, to: File, length: number): Effect.Effect<number, Failure> =>
  Effect.flatMap(readChunk(from, length), (chunk) =>
    chunk.byteLength === 0 ? Effect.succeed(0) : Effect.as(writeAll(to, chunk), chunk.byteLength)
  )

/** Moves what the saving file has, chunk by chunk, to the resuming file. The nanoseconds are without what comes after a chunk. */
const transfer = (
  from: File,
  to: File,
  nextSize: () => number,
  afterChunk: (sent: Transfer) => Effect.Effect<void, Failure>
): Effect.Effect<readonly [Transfer, number], Failure> =>
  Effect.gen(function* () {
    let sent: Transfer = { bytes: 0, chunks: 0 }
    let nanos = 0
    for (;;) {
      const [bytes, taken] = yield* timed(moveChunk(from, to, nextSize()))
      nanos += taken
      if (bytes === 0) return [sent, nanos]
      sent = { bytes: sent.bytes + bytes, chunks: sent.chunks + 1 }
      yield* Effect.zipRight(eventLoopTurn, afterChunk(sent))
    }
  })

/** Bytes of setup part that the saving file still has. */
const initialBytes = (file: File): Effect.Effect<number, Failure> =>
  Effect.gen(function* () {
    const request = { argsz: PrecopyInfo.byteLength, flags: 0, initialBytes: 0n, dirtyBytes: 0n }
    const answer = yield* file.ioctl(Ioctl.MIG_GET_PRECOPY_INFO, PrecopyInfo.encode(request))
    return Number((yield* PrecopyInfo.decode(answer)).initialBytes)
  })

const bytesOf = (done: number, total: number): Progress => ({ done, total, unit: "bytes" })

/** PRE_COPY and RESUMING; the setup part moves while the guest works, and the destination judges it. */
const preCopy = ({ destination, display, guestRuns, nextSize, source }: MigrationOptions) =>
  Effect.gen(function* () {
    const files = yield* display.step(
      "PRE_COPY",
      () => Effect.all([openSession(source, "PRE_COPY"), openSession(destination, "RESUMING")]),
      () => "source goes on running; destination is RESUMING"
    )
    const total = yield* initialBytes(files[0])
    const size = (): number => Math.max(1, Math.ceil(nextSize() / 16))
    const [setup] = yield* display.step(
      "setup part",
      (report) =>
        transfer(files[0], files[1], size, ({ bytes, chunks }) =>
          Effect.zipRight(guestRuns(chunks), report(bytesOf(bytes, total)))
        ),
      ([sent]) => `${transferText(sent)}; the destination accepts it`
    )
    return { files, setup }
  })

const loadFailure = (field: string, source: string, destination: string): EIO =>
  new EIO({
    refusal: {
      code: "demo.view.differs",
      rule: "both sides must have the same migrated view before the destination runs",
      where: field,
      source,
      destination,
      remedy: "the source goes back to RUNNING; report this with the journal"
    }
  })

/** RESUMING to STOP, which loads the device, and the comparison that stands before the point of no return. */
const load = (source: Driver, destination: Driver): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    yield* enter(destination, "STOP")
    const [before, after] = yield* Effect.all([source.vf.state, destination.vf.state])
    const difference = MigratedView.firstDifference(MigratedView.migratedView(before), MigratedView.migratedView(after))
    if (difference === undefined) return
    return yield* loadFailure(difference.field, difference.source, difference.destination)
  })

/** PRE_COPY_P2P, STOP_COPY, the rest of the block, STOP: the guest stands still from STOP_COPY on. */
const switchOver = (options: MigrationOptions, files: readonly [File, File], setupBytes: number) =>
  Effect.gen(function* () {
    const { destination, display, guestInP2P, nextSize, source } = options
    const after = (text: string) => (result: readonly [unknown, number]) => `${text}  ${durationText(result[1])}`
    const [, drain] = yield* display.step(
      "PRE_COPY_P2P",
      // The guest's own work is no part of the drain.
      () => Effect.zipLeft(timed(enter(source, "PRE_COPY_P2P")), guestInP2P),
      after("banks drained, registers still answer")
    )
    const [, save] = yield* display.step("STOP_COPY", () => timed(enter(source, "STOP_COPY")), after("block saved"))
    const total = Number(yield* source.dataSize) - setupBytes
    const [state, sending] = yield* display.step(
      "rest of the block",
      (report) => transfer(files[0], files[1], nextSize, ({ bytes }) => report(bytesOf(bytes, total))),
      ([sent, nanos]) => `${transferText(sent)}  ${durationText(nanos)}`
    )
    const [, loading] = yield* display.step(
      "RESUMING to STOP",
      () => timed(load(source, destination)),
      after("loaded; both sides have the same migrated view")
    )
    return { drain, save, state, transfer: sending, load: loading }
  })

/** Gives up: the destination is reset, the source runs again. What cannot be undone is said. */
const putBack = ({ destination, display, source }: MigrationOptions): Effect.Effect<void> => {
  const failed = (what: string) => (error: Failure) => display.say(`  ${what} failed: ${error.message}`)
  return Effect.zipRight(
    Effect.catchAll(destination.reset, failed("resetting the destination")),
    Effect.catchAll(Effect.asVoid(enter(source, "RUNNING")), failed("putting the source back to RUNNING"))
  )
}

/** For somebody who has interrupted. */
const sayPutBack = ({ destination, display, source }: MigrationOptions): Effect.Effect<void> =>
  Effect.all([source.getState, destination.getState]).pipe(
    Effect.flatMap(([left, right]) =>
      display.say(`  Interrupted and put back: the source VF is ${left}, the destination VF is reset (${right}).`)
    ),
    Effect.catchAll((error) => display.say(`  Interrupted; the states cannot be told: ${error.message}`))
  )

/** Up to the point of no return; a failure or an interrupt puts everything back. */
const untilLoaded = (options: MigrationOptions) =>
  Effect.gen(function* () {
    const { files, setup } = yield* preCopy(options)
    return { files, setup, ...(yield* switchOver(options, files, setup.bytes)) }
  }).pipe(
    Effect.onError((cause) =>
      Effect.zipRight(putBack(options), Cause.isInterrupted(cause) ? sayPutBack(options) : Effect.void)
    )
  )

/** Migrates. The source is in STOP afterwards, the destination RUNNING. An interrupt after the point of no return waits. */
export const migrate = (options: MigrationOptions): Effect.Effect<Migrated, Failure> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { destination, display, source } = options
      const { files, setup, ...parts } = yield* restore(untilLoaded(options))
      const [, resume] = yield* display.step(
        "RUNNING_P2P, RUNNING",
        () => timed(Effect.zipRight(enter(destination, "RUNNING_P2P"), enter(destination, "RUNNING"))),
        ([, nanos]) => `the destination runs  ${durationText(nanos)}`
      )
      yield* display.step(
        "source to STOP",
        () => enter(source, "STOP"),
        () => "retired"
      )
      yield* Effect.forEach(files, ({ close }) => close, { discard: true })
      const { drain, load, save, state, transfer } = parts
      return { setup, state, downtime: { drain, save, transfer, load, resume } }
    })
  )
