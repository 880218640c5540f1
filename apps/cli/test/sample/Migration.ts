/** One migration of one VF over the drivers of both, in this process: uneven chunks, a guest that writes registers meanwhile. */
import type { Errno } from "@stopcopy/errno"
import type { QatVfioPci } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import { Ioctl, type MigrationFile, type MigrationState, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { Effect, Option } from "effect"

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
}

const enter = (driver: Driver, state: MigrationState) => driver.setState(MigrationStates.toNumber(state))

/** Enters a state that opens a session. */
const openSession = (driver: Driver, state: MigrationState): Effect.Effect<File, Failure> =>
  Effect.flatMap(enter(driver, state), (file) =>
    Option.match(file, {
      onNone: () => Effect.dieMessage(`the arc to ${state} must produce a file`),
      onSome: (found) => Effect.succeed(found)
    })
  )

/** Moves chunks until there is no more, which pre-copy words as `ENOMSG`. */
const transfer = (
  from: File,
  to: File,
  nextSize: () => number,
  afterChunk: (chunk: number) => Effect.Effect<void, Failure>
): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    for (let chunk = 1; ; chunk++) {
      const read = from.read(nextSize())
      const bytes = yield* Effect.catchTag(read, "ENOMSG", () => Effect.succeed(new Uint8Array(0)))
      if (bytes.byteLength === 0) return
      yield* to.write(bytes)
      yield* afterChunk(chunk)
    }
  })

const precopyInfo = PrecopyInfo.encode({ argsz: PrecopyInfo.byteLength, flags: 0, initialBytes: 0n, dirtyBytes: 0n })

const untilLoaded = ({ destination, guestInP2P, guestRuns, nextSize, source }: MigrationOptions) =>
  Effect.gen(function* () {
    const from = yield* openSession(source, "PRE_COPY")
    const to = yield* openSession(destination, "RESUMING")
    yield* from.ioctl(Ioctl.MIG_GET_PRECOPY_INFO, precopyInfo)
    yield* transfer(from, to, () => Math.max(1, Math.ceil(nextSize() / 16)), guestRuns)
    yield* enter(source, "PRE_COPY_P2P")
    yield* guestInP2P
    yield* enter(source, "STOP_COPY")
    yield* source.dataSize
    yield* transfer(from, to, nextSize, () => Effect.void)
    yield* enter(destination, "STOP")
    return [from, to]
  })

/** Migrates: the source is in STOP afterwards, the destination RUNNING. A failure resets the destination and puts the source back to RUNNING. */
export const migrate = (options: MigrationOptions): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const { destination, source } = options
    const putBack = Effect.zipRight(destination.reset, enter(source, "RUNNING"))
    const files = yield* Effect.tapError(untilLoaded(options), () => putBack)
    yield* enter(destination, "RUNNING_P2P")
    yield* enter(destination, "RUNNING")
    yield* enter(source, "STOP")
    yield* Effect.forEach(files, ({ close }) => close, { discard: true })
  })
