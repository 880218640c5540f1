/** Finds the batch of an event. Keeps the last page it read, because who follows causes mostly goes back step by step. */
import { pageRecords } from "@stopcopy/runtime"
import type { ReadError, SealedBatch } from "@stopcopy/runtime"
import { Chunk, Effect, Option, Stream } from "effect"
import type { Point } from "../Point.ts"
import type { Source } from "../Source.ts"

const holds =
  (sequence: number) =>
  ({ firstSequence, records }: SealedBatch): boolean => {
    const last = records.at(-1)
    return sequence >= firstSequence && last !== undefined && sequence < last.sequence + last.count
  }

export class BatchReader {
  private readonly pages = new Map<Source, ReadonlyArray<SealedBatch>>()

  /** The batch with the event of a point; undefined if the source has no such event. */
  readonly containing = ({ sequence, source }: Point): Effect.Effect<SealedBatch | undefined, ReadError> => {
    const kept = this.pages.get(source)?.find(holds(sequence))
    if (kept !== undefined) return Effect.succeed(kept)
    return Effect.flatMap(Stream.runHead(source.journal.events(sequence - 1)), (found) => {
      const envelope = Option.getOrUndefined(found)
      if (envelope?.sequence !== sequence) return Effect.succeed(undefined)
      return Effect.map(this.read(source, envelope.batch), (page) => page.find(holds(sequence)))
    })
  }

  /** The page of batches that ends with this one. */
  private read(source: Source, batch: number): Effect.Effect<ReadonlyArray<SealedBatch>, ReadError> {
    const after = Math.max(0, batch - pageRecords)
    return source.journal.batches(after).pipe(
      Stream.takeWhile((each) => each.batch <= batch),
      Stream.runCollect,
      Effect.map((page) => {
        const batches = Chunk.toReadonlyArray(page)
        this.pages.set(source, batches)
        return batches
      })
    )
  }
}
