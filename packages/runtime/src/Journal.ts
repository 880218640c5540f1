/**
 * The journal as actors and readers use it: appends with group commit, cursors for restoring, streams for everyone else. One
 * face over every `JournalDriver`. Source: `docs/architecture.md`, "What is acknowledged is kept" and "Envelope".
 */
import { Chunk, Context, Effect, Either, Layer, Option, Stream } from "effect"
import type { Duration, Scope } from "effect"
import type { Cursor } from "./Cursor.ts"
import { globalCursor, streamCursor } from "./Cursor.ts"
import { pageRecords } from "./Envelope.ts"
import type { Envelope, Recorded, SealedBatch } from "./Envelope.ts"
import { GroupCommit } from "./GroupCommit.ts"
import type { Outcome } from "./GroupCommit.ts"
import type {
  AppendAnswer,
  Anchor,
  AppendRequest,
  Appended,
  Deferring,
  Head,
  JournalDriver,
  Place,
  Redaction,
  Snapshot,
  StreamInfo
} from "./JournalDriver.ts"
import type { AppendError, CommitError, MaintenanceError, ReadError } from "./JournalError.ts"
import { makeJournalId } from "./JournalId.ts"
import { live } from "./Live.ts"
import { makeMemoryDriver } from "./MemoryDriver.ts"
import { actorCursor, foldCursor } from "./Merge.ts"
import { flatMapNow, isNow } from "./Now.ts"
import { OnTape } from "./OnTape.ts"
import { Signal } from "./Signal.ts"
import type { Tapes } from "./Tape.ts"

export class Journal extends Context.Tag("@stopcopy/runtime/Journal")<
  Journal,
  {
    /** What messages call it: a path, a database, or `memory`. */
    readonly name: string
    /** 32 hexadecimal digits that no other journal has. */
    readonly id: string
    /** Where the kept history begins. */
    readonly anchor: Anchor
    /** Appends one batch, all or nothing, with the durability the request asks for. Appends to one stream keep their order. */
    readonly append: (request: AppendRequest) => Effect.Effect<Appended, AppendError>
    /** True if every answer is there at once: then `commitNow` may be used, and what is read is an `Either`. */
    readonly synchronous: boolean
    /** True if it keeps appends as they come, in this memory. */
    readonly keepsValues: boolean
    /** Commits one batch now. Only over a synchronous storage. */
    readonly commitNow: (request: AppendRequest) => Outcome
    /** Commits batches now, together, in their order; an answer for each. None is larger than a group may be. Only over a synchronous storage. */
    readonly commitTogether: (
      requests: ReadonlyArray<AppendRequest>
    ) => Either.Either<ReadonlyArray<AppendAnswer>, CommitError>
    /** Takes appends that are encoded later; undefined where there is no such storage. */
    readonly deferring: Deferring | undefined
    /**
     * Queues one batch for the next group commit, for a turn that cannot wait; `done` gets the outcome, at the earliest before this
     * returns. Synchronous.
     */
    readonly submit: (request: AppendRequest, done: (outcome: Outcome) => void) => void
    /** Tapes for packed events; undefined where there are none. */
    readonly tapes: Tapes | undefined
    /** What is *written* on tapes and not in the journal yet. */
    readonly onTape: OnTape
    /** Waits while the storage is so far behind that nobody should decide more; undefined if it is not. */
    readonly room: () => Effect.Effect<void> | undefined
    /** Makes everything appended so far *durable*, and what is on tapes. */
    readonly sync: () => Effect.Effect<void, AppendError>
    /** Makes what has been committed *durable*; what is queued or on tapes is not. Only over a synchronous storage. */
    readonly syncNow: () => Either.Either<void, CommitError>
    /** The last batch and sequence. */
    readonly head: () => Effect.Effect<Head, ReadError>
    /** All streams, or with `family` that stream and those it owns. */
    readonly streams: (family?: string) => Effect.Effect<ReadonlyArray<StreamInfo>, ReadError>
    /**
     * The events of an actor in global order, those of streams it owns included; `after` names versions of its streams after
     * which to begin.
     */
    readonly history: (stream: string, after?: ReadonlyMap<string, number>) => Effect.Effect<Cursor, ReadError>
    /** The same, without what a fold does not need: to compute the actor's state. */
    readonly toFold: (stream: string, after?: ReadonlyMap<string, number>) => Effect.Effect<Cursor<Recorded>, ReadError>
    /** Every event after sequence `after` (0: from the first), up to the head. */
    readonly events: (after: number) => Stream.Stream<Envelope, ReadError>
    /** The events of one stream, up to its last; without the streams it owns. */
    readonly eventsOf: (stream: string) => Stream.Stream<Envelope, ReadError>
    /**
     * Every event after sequence `after`, those to come included: never ends, without gaps or duplicates. What goes to a tape meanwhile comes when
     * the journal takes it in: within a second, while that works.
     */
    readonly live: (after: number) => Stream.Stream<Envelope, ReadError>
    /** Every batch after batch `after` (0: from the first) with its link of the hash chain, for `verify` and export. */
    readonly batches: (after: number) => Stream.Stream<SealedBatch, ReadError>
    /** The last base event of a stream up to sequence `upTo`. */
    readonly lastBase: (stream: string, upTo: number) => Effect.Effect<Place | undefined, ReadError>
    /** The latest snapshot of an actor that is not after sequence `upTo`. */
    readonly snapshot: (stream: string, upTo: number) => Effect.Effect<Snapshot | undefined, ReadError>
    /** Every snapshot after sequence `after`, in the order of sequences. */
    readonly snapshots: (after: number) => Stream.Stream<Snapshot, ReadError>
    readonly saveSnapshot: (snapshot: Snapshot) => Effect.Effect<void, CommitError>
    /** Removes payloads and commands for ever; the hash chain stays whole. *Durable*. */
    readonly redact: (redaction: Redaction) => Effect.Effect<void, MaintenanceError>
    /** Removes every batch before `batch`. Use `Compaction`, which knows which batch that may be. *Durable*. */
    readonly removeBefore: (batch: number) => Effect.Effect<void, MaintenanceError>
    /** The storage's own check of itself: what is wrong, in one line. */
    readonly check: () => Effect.Effect<string | undefined, ReadError>
  }
>() {
  /** A journal in memory, forgotten with the layer. */
  static readonly layerMemory: Layer.Layer<Journal> = Layer.scoped(
    Journal,
    Effect.flatMap(makeJournalId, (id) => make(makeMemoryDriver(id)))
  )
}

const pages = (open: () => Cursor): Stream.Stream<Envelope, ReadError> =>
  Stream.suspend(() => {
    const cursor = open()
    return Stream.paginateChunkEffect(undefined, () =>
      Effect.map(
        Effect.suspend(() => cursor.next()),
        (events) => [
          Chunk.unsafeFromArray(events),
          events.length === 0 ? Option.none<undefined>() : Option.some(undefined)
        ]
      )
    )
  })

/** Pages of what has a position of its own, until one is empty. */
const pagesAfter = <A>(
  after: number,
  read: (after: number, limit: number) => Effect.Effect<ReadonlyArray<A>, ReadError>,
  positionOf: (item: A) => number
): Stream.Stream<A, ReadError> =>
  Stream.paginateChunkEffect(after, (from) =>
    Effect.map(
      Effect.suspend(() => read(from, pageRecords)),
      (items) => [Chunk.unsafeFromArray(items), Option.map(Option.fromNullable(items.at(-1)), positionOf)]
    )
  )

const append =
  (driver: JournalDriver, group: GroupCommit, onTape: OnTape) =>
  (request: AppendRequest): Effect.Effect<Appended, AppendError> =>
    Effect.suspend(() => {
      // What is on tapes comes first: it may be of the same stream.
      const taken = onTape.takeIn()
      if (Either.isLeft(taken)) return Either.left(taken.left)
      if (driver.synchronous && request.durability === "written") return group.commitNow(request)
      const queued = Effect.async<Appended, AppendError>((resume) => group.submit(request, resume))
      const room = group.room()
      return room === undefined ? queued : Effect.zipRight(room, queued)
    })

export interface JournalOptions {
  /** Tapes for the packed events of actors. Only over a synchronous driver. */
  readonly tapes?: Tapes
  /**
   * How often `live` looks for what other processes appended, where the storage does not tell. Default: never, only this process's appends
   * are followed.
   */
  readonly poll?: Duration.DurationInput
}

/** The service over a driver. What is queued when the scope ends is committed first. */
export const make = (
  driver: JournalDriver,
  options: JournalOptions = {}
): Effect.Effect<Context.Tag.Service<Journal>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const signal = new Signal()
    const onTape = new OnTape("entries stay on tape")
    const spooled = new OnTape("batches stay in the spool")
    const { waiting } = driver
    if (waiting !== undefined) {
      const holder = { takeIn: () => Either.map(waiting.settle(), () => spooled.remove(holder)) }
      waiting.onWaiting(() => spooled.add(holder))
    }
    const group = new GroupCommit(
      driver,
      () => signal.raise(),
      () => onTape.takeIn()
    )
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        Effect.catchAll(
          Effect.suspend(() => onTape.takeIn()),
          ({ message }) => Effect.logWarning(`entries stay on tape for who opens the journal next: ${message}`)
        ),
        Effect.suspend(() => group.drain() ?? Effect.void)
      ).pipe(Effect.zipRight(settled(spooled)))
    )
    yield* onTape.taking
    yield* spooled.taking
    yield* Effect.forkScoped(Stream.runForEach(driver.changes, () => Effect.sync(() => signal.raise())))
    return {
      ...readingOf(driver, onTape),
      tapes: options.tapes,
      onTape,
      get anchor() {
        return driver.anchor
      },
      synchronous: driver.synchronous,
      keepsValues: driver.keepsValues,
      append: append(driver, group, onTape),
      commitNow: (request) => group.commitNow(request),
      commitTogether: (requests) => group.commitTogether(requests),
      deferring: deferringOf(driver, signal),
      submit: (request, done) => group.submit(request, done),
      room: () => group.room(),
      sync: () =>
        flatMapNow(onTape.takeIn(), () => {
          const drained = group.drain()
          return drained === undefined ? driver.sync() : Effect.zipRight(drained, Effect.suspend(driver.sync))
        }),
      syncNow: () => now(driver, driver.sync()),
      live: (after) =>
        Stream.suspend(() => whole(onTape, () => live(globalCursor(driver, after), signal, options.poll))),
      saveSnapshot: driver.saveSnapshot,
      redact: driver.redact,
      removeBefore: driver.removeBefore
    }
  })

const deferringOf = ({ deferring }: JournalDriver, signal: Signal): Deferring | undefined =>
  deferring && {
    knows: deferring.knows,
    defer: (append) => {
      const deferred = deferring.defer(append)
      if (Either.isRight(deferred)) signal.raise()
      return deferred
    }
  }

/** The end of a journal: what waits goes into its tables. */
const settled = (spooled: OnTape): Effect.Effect<void> =>
  Effect.catchAll(
    Effect.suspend(() => spooled.takeIn()),
    ({ message }) => Effect.logWarning(`batches stay in the spool for who opens the journal next: ${message}`)
  )

const now = <A, E>(driver: JournalDriver, effect: Effect.Effect<A, E>): Either.Either<A, E> => {
  if (isNow(effect)) return effect
  throw new TypeError(`driver ${driver.name} is not synchronous`)
}

/**
 * Reading begins with taking in what is on tapes. What cannot be taken in now is not in the journal, and not read: that is no error of the reader's.
 * `OnTape` tries again, and warns.
 */
const whole = <A>(onTape: OnTape, read: () => A): A => {
  onTape.takeIn()
  return read()
}

const readingOf = (driver: JournalDriver, onTape: OnTape) => {
  return {
    name: driver.name,
    id: driver.id,
    head: () => whole(onTape, driver.head),
    streams: (family?: string) => whole(onTape, () => driver.streams(family)),
    history: (stream: string, after: ReadonlyMap<string, number> = new Map<string, number>()) =>
      whole(onTape, () => Either.right(actorCursor(driver, stream, after))),
    toFold: (stream: string, after: ReadonlyMap<string, number> = new Map<string, number>()) =>
      whole(onTape, () => Either.right(foldCursor(driver, stream, after))),
    events: (after: number) => pages(() => whole(onTape, () => globalCursor(driver, after))),
    eventsOf: (stream: string) => pages(() => whole(onTape, () => streamCursor(driver, stream))),
    batches: (after: number) =>
      Stream.suspend(() => whole(onTape, () => pagesAfter(after, driver.batches, ({ batch }) => batch))),
    lastBase: driver.lastBase,
    snapshot: driver.snapshot,
    snapshots: (after: number) => pagesAfter(after, driver.snapshots, ({ sequence }) => sequence),
    check: driver.check
  }
}
