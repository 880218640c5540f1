/**
 * What may be taken out of a journal, and what stays in its place: hashes for redacted payloads, base events for removed batches.
 * Pure, and the same for every driver. Source: `FORMAT.md`, "The chain".
 */
import type { Sha256 } from "./Chain.ts"
import { encodings } from "./Envelope.ts"
import type { SealedBatch, StoredRecord } from "./Envelope.ts"
import type { Redaction } from "./JournalDriver.ts"
import { HistoryNeeded } from "./JournalError.ts"

/** `batch` without the payloads and the command that `redaction` names; its link is the same. */
export const redactBatch = (sha256: Sha256, batch: SealedBatch, redaction: Redaction): SealedBatch => {
  const { command } = batch
  const sequences = redaction.sequences
  const isNamed = ({ count, sequence }: StoredRecord) =>
    sequences.some((each) => each >= sequence && each < sequence + count)
  return {
    ...batch,
    command:
      command === null || command.bytes === null || !redaction.commands.includes(batch.batch)
        ? command
        : { ...command, bytes: null, hash: sha256(command.bytes) },
    records: batch.records.map((record) =>
      record.payload === null || !isNamed(record)
        ? record
        : { ...record, payload: null, payloadHash: sha256(record.payload) }
    )
  }
}

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
