/** Taking parts of the history out of a journal's tables. Runs inside a transaction of the caller. */
import type { Sha256 } from "../Chain.ts"
import type { Redaction } from "../JournalDriver.ts"
import { HistoryNeeded } from "../JournalError.ts"
import { bytes, integer, text } from "../Rows.ts"
import type { Statements } from "./Statements.ts"

/** Puts hashes where the payloads and commands were. Nothing is refused. */
export const redactRows = (statements: Statements, sha256: Sha256, redaction: Redaction): undefined => {
  for (const sequence of redaction.sequences) {
    const row = statements.recordPayload.get(sequence, sequence, sequence)
    if (row !== undefined) statements.redactRecord.run(sha256(bytes(row, "payload")), integer(row, "sequence"))
  }
  for (const batch of redaction.commands) {
    const row = statements.batchCommand.get(batch)
    if (row !== undefined) statements.redactCommand.run(sha256(bytes(row, "command")), batch)
  }
}

/** Makes `batch` the first one. Refused while a stream with earlier events has no base event from there on. */
export const removeRows = (statements: Statements, journal: string, batch: number): HistoryNeeded | undefined => {
  const start = statements.batchHash.get(batch)
  const before = statements.batchHash.get(batch - 1)
  if (start === undefined || before === undefined) return undefined
  const sequence = integer(start, "first_sequence")
  const needed = statements.withoutBase.get(sequence, sequence)
  if (needed !== undefined) return new HistoryNeeded({ journal, batch, stream: text(needed, "name") })
  statements.deleteBatches.run(batch)
  statements.deleteRecords.run(sequence)
  statements.setAnchor.run(batch, sequence, bytes(before, "hash"))
  return undefined
}
