/** What must stay in a journal: events that no base event stands for. Pure. Source: `FORMAT.md`, "The chain". */
import { encodings } from "./Envelope.ts"
import type { StoredRecord } from "./Envelope.ts"
import { HistoryNeeded } from "./JournalError.ts"

/** The part of a record that `needed` looks at. */
type Kept = Pick<StoredRecord, "batch" | "encoding" | "stream">

/**
 * Why the batches before `batch` cannot be removed: a stream with records there has no base event from `batch` on. `records` are all of
 * the journal; undefined if nothing is needed.
 */
export const needed = (journal: string, batch: number, records: Iterable<Kept>): HistoryNeeded | undefined => {
  const without = new Set<string>()
  for (const record of records) {
    if (record.batch < batch) without.add(record.stream)
    else if (record.encoding === encodings.base) without.delete(record.stream)
  }
  const [stream] = without
  return stream === undefined ? undefined : new HistoryNeeded({ journal, batch, stream })
}
