/** The batches of all sources in the order of the timeline. */
import type { ReadError, SealedBatch } from "@stopcopy/runtime"
import type { Stream } from "effect"
import type { Source } from "../Source.ts"
import { merged } from "./Merge.ts"
import type { Merged } from "./Merge.ts"

export const mergedBatches = (sources: ReadonlyArray<Source>): Stream.Stream<Merged<SealedBatch>, ReadError> =>
  merged(
    sources,
    (source) => source.journal.batches(0),
    ({ causation, correlation, firstSequence, time }) => ({ first: firstSequence, causation, correlation, time })
  )
