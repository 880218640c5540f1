/** The events of one or several sources as one timeline: by time, an event never before the one that led to it. */
import type { Envelope, ReadError } from "@stopcopy/runtime"
import { Chunk, Effect, Option, Stream } from "effect"
import type { InvalidPattern } from "./DebuggerError.ts"
import { compileFilter } from "./Filter.ts"
import type { Filter } from "./Filter.ts"
import { merged } from "./internal/Merge.ts"
import type { Mergeable, Merged } from "./internal/Merge.ts"
import type { Known } from "./Known.ts"
import { momentOf } from "./Moment.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

const keyOf = (envelope: Envelope): Mergeable => ({
  first: envelope.sequence,
  time: envelope.time,
  correlation: envelope.correlation,
  causation: envelope.causation
})

/** True if the history of an actor has no event that the journal does not list: a part of one has such base events. */
const isWhole = ({ journal, previousHash }: Source): boolean =>
  journal.anchor.sequence === 1 && previousHash === undefined

/** The events of a stream and those it owns, without reading the others. */
const family = (source: Source, stream: string): Stream.Stream<Envelope, ReadError> =>
  Stream.unwrap(
    Effect.map(source.journal.history(stream), (cursor) =>
      Stream.paginateChunkEffect(undefined, () =>
        Effect.map(
          Effect.suspend(() => cursor.next()),
          (page) => [Chunk.unsafeFromArray(page), page.length === 0 ? Option.none<undefined>() : Option.some(undefined)]
        )
      )
    )
  )

/** The stored events in the order of the timeline. */
export const mergedEvents = (
  sources: ReadonlyArray<Source>,
  stream?: string
): Stream.Stream<Merged<Envelope>, ReadError> =>
  merged(
    sources,
    (source) => (stream === undefined || !isWhole(source) ? source.journal.events(0) : family(source, stream)),
    keyOf
  )

/** Every moment that the filter lets through. Reads in pages. */
export const timeline = (
  sources: ReadonlyArray<Source>,
  known: Known,
  filter: Filter = {}
): Stream.Stream<Moment, ReadError | InvalidPattern> =>
  Stream.unwrap(
    Effect.map(compileFilter(filter), (test) =>
      Stream.mapChunks(mergedEvents(sources, filter.stream), (chunk) => {
        const moments: Array<Moment> = []
        for (const { item, source } of chunk) {
          const moment = momentOf(known, source, item)
          if (test(moment)) moments.push(moment)
        }
        return Chunk.unsafeFromArray(moments)
      })
    )
  )
