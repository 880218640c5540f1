/** The batches of some events, each once, in the order of the timeline. */
import type { ReadError, SealedBatch } from "@stopcopy/runtime"
import { Chunk, Effect, Stream } from "effect"
import type { Moment } from "../Moment.ts"
import type { Source } from "../Source.ts"
import { BatchReader } from "./BatchReader.ts"
import type { Merged } from "./Merge.ts"

/** A batch by its number. */
interface Numbered {
  readonly source: Source
  readonly batch: number
}

/** Drops events of the batch that came last in their source. */
const eachOnce = (): ((chunk: Chunk.Chunk<Pick<Moment, "envelope" | "source">>) => Chunk.Chunk<Numbered>) => {
  const last = new Map<Source, number>()
  return (chunk) => {
    const batches: Array<Numbered> = []
    for (const { envelope, source } of chunk) {
      if (last.get(source) === envelope.batch) continue
      last.set(source, envelope.batch)
      batches.push({ source, batch: envelope.batch })
    }
    return Chunk.unsafeFromArray(batches)
  }
}

/** Reading events alone is several times faster than reading batches: only those that are wanted are read. */
export const batchesOf = <E>(
  events: Stream.Stream<Pick<Moment, "envelope" | "source">, E>
): Stream.Stream<Merged<SealedBatch>, E | ReadError> =>
  Stream.suspend(() => {
    const reader = new BatchReader(true)
    return Stream.mapChunks(events, eachOnce()).pipe(
      Stream.mapEffect(({ batch, source }) =>
        Effect.map(reader.at(source, batch), (item) => (item === undefined ? [] : [{ source, item }]))
      ),
      Stream.mapConcat((found) => found)
    )
  })
