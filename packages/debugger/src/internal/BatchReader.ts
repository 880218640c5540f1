/** Finds batches by number or by an event in them. Keeps the last page it read: who asks mostly goes on beside it. */
import { pageRecords } from "@stopcopy/runtime"
import type { ReadError, SealedBatch } from "@stopcopy/runtime"
import { Effect, Option, Stream } from "effect"
import type { Point } from "../Point.ts"
import type { Source } from "../Source.ts"

const holds = ({ firstSequence, records }: SealedBatch, sequence: number): boolean => {
  const last = records.at(-1)
  return sequence >= firstSequence && last !== undefined && sequence < last.sequence + last.count
}

export class BatchReader {
  private readonly pages = new Map<Source, ReadonlyMap<number, SealedBatch>>()
  private readonly before: number

  /** `ahead`: who asks goes on to later batches, not to earlier ones. */
  constructor(ahead: boolean) {
    this.before = ahead ? 1 : pageRecords
  }

  /** The batch of a number; undefined if the source does not have it. */
  at(source: Source, batch: number): Effect.Effect<SealedBatch | undefined, ReadError> {
    const kept = this.pages.get(source)?.get(batch)
    return kept === undefined ? Effect.map(this.read(source, batch), (page) => page.get(batch)) : Effect.succeed(kept)
  }

  /** The batch with the event of a point; undefined if the source has no such event. */
  containing({ sequence, source }: Point): Effect.Effect<SealedBatch | undefined, ReadError> {
    for (const batch of this.pages.get(source)?.values() ?? []) {
      if (holds(batch, sequence)) return Effect.succeed(batch)
    }
    return Effect.flatMap(Stream.runHead(source.journal.events(sequence - 1)), (found) => {
      const envelope = Option.getOrUndefined(found)
      return envelope?.sequence === sequence ? this.at(source, envelope.batch) : Effect.succeed(undefined)
    })
  }

  /** The page of batches that ends with this one, or begins with it. */
  private read(source: Source, batch: number): Effect.Effect<ReadonlyMap<number, SealedBatch>, ReadError> {
    const after = Math.max(0, batch - this.before)
    return source.journal.batches(after).pipe(
      // By number, so that no second page is read only to see where the first one ends.
      Stream.take(pageRecords),
      Stream.runCollect,
      Effect.map((batches) => {
        const page = new Map([...batches].map((each) => [each.batch, each]))
        this.pages.set(source, page)
        return page
      })
    )
  }
}
