/**
 * The journal as actors and readers use it: synchronous appends for a turn, cursors for restoring, streams for everyone else.
 * One face over every `JournalDriver`. Source: `docs/architecture.md`, "What is acknowledged is kept" and "Envelope".
 */
import type { Either } from "effect"
import { Chunk, Context, Effect, Layer, Option, Stream } from "effect"
import type { Cursor } from "./Cursor.ts"
import { actorCursor, globalCursor, streamCursor } from "./Cursor.ts"
import { pageRecords } from "./Envelope.ts"
import type { Envelope, SealedBatch } from "./Envelope.ts"
import type { Anchor, AppendRequest, Appended, Head, JournalDriver, StreamInfo } from "./JournalDriver.ts"
import type { AppendError, ReadError } from "./JournalError.ts"
import { makeJournalId } from "./JournalId.ts"
import { makeMemoryDriver } from "./MemoryDriver.ts"

export class Journal extends Context.Tag("@stopcopy/runtime/Journal")<
  Journal,
  {
    /** What messages call it: a path, or `memory`. */
    readonly name: string
    /** 32 hexadecimal digits that no other journal has. */
    readonly id: string
    /** Where the kept history begins. */
    readonly anchor: Anchor
    /** Appends one batch, all or nothing, with the durability the request asks for. Synchronous: a turn contains it. */
    readonly append: (request: AppendRequest) => Either.Either<Appended, AppendError>
    /** Makes everything appended so far *durable*. Synchronous. */
    readonly sync: () => Either.Either<void, AppendError>
    /** The last batch and sequence. Synchronous. */
    readonly head: () => Either.Either<Head, ReadError>
    /** All streams, or with `family` that stream and those it owns. Synchronous. */
    readonly streams: (family?: string) => Either.Either<ReadonlyArray<StreamInfo>, ReadError>
    /** The events of an actor in global order, those of streams it owns included. Synchronous. */
    readonly history: (stream: string) => Either.Either<Cursor, ReadError>
    /** Every event after sequence `after` (0: from the first), up to the head. */
    readonly events: (after: number) => Stream.Stream<Envelope, ReadError>
    /** The events of one stream, up to its last; without the streams it owns. */
    readonly eventsOf: (stream: string) => Stream.Stream<Envelope, ReadError>
    /** Every batch after batch `after` (0: from the first) with its link of the hash chain, for `verify` and export. */
    readonly batches: (after: number) => Stream.Stream<SealedBatch, ReadError>
  }
>() {
  /** A journal in memory, forgotten with the layer. */
  static readonly layerMemory: Layer.Layer<Journal> = Layer.effect(
    Journal,
    Effect.map(makeJournalId, (id) => make(makeMemoryDriver(id)))
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

const batchPages = (driver: JournalDriver, after: number): Stream.Stream<SealedBatch, ReadError> =>
  Stream.paginateChunkEffect(after, (from) =>
    Effect.map(
      Effect.suspend(() => driver.batches(from, pageRecords)),
      (batches) => [Chunk.unsafeFromArray(batches), Option.fromNullable(batches.at(-1)?.batch)]
    )
  )

/** The service over a driver. */
export const make = (driver: JournalDriver): Context.Tag.Service<Journal> => ({
  name: driver.name,
  id: driver.id,
  anchor: driver.anchor,
  append: driver.append,
  sync: driver.sync,
  head: driver.head,
  streams: driver.streams,
  history: (stream) => actorCursor(driver, stream),
  events: (after) => pages(() => globalCursor(driver, after)),
  eventsOf: (stream) => pages(() => streamCursor(driver, stream)),
  batches: (after) => batchPages(driver, after)
})
