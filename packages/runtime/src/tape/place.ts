/**
 * How far a journal has the entries of a tape, whatever else was appended to the stream meanwhile: then an entry is in the journal under a
 * later version than on its tape (W2 of `Recorder.ts`).
 *
 * P1 Every batch of entries carries the version that its first has on the tape, as its correlation (`TapeRun.ts`); so does one that was moved.
 * P2 Entries come into the journal in their order, and the version on the tape rises. So the last of them in the journal tells of all: those
 *    up to it are there, those behind it are not.
 */
import { encodings } from "../Envelope.ts"
import type { StoredRecord } from "../Envelope.ts"

/** Where the stream of a tape stands in the journal. */
export interface TapePlace {
  /** Version of its last event; 0 where there is no such stream. */
  readonly version: number
  /** Version that the last entry in the journal has on the tape; less than the tape's first where none is in it. */
  readonly taken: number
}

/** What counts of a record, or of a single event as one. */
type Placed = Pick<StoredRecord, "batch" | "version" | "count" | "encoding" | "correlation">

export class TakenIn {
  private readonly prefix: string
  private readonly first: number
  private seen = false
  private batch = 0
  /** By how much the versions of `batch` in the journal are above those on the tape. */
  private moved = 0
  /** As in `TapePlace`. */
  taken: number

  /** For the tape of `stream` whose first entry has version `first`: no entry has a lower version in the journal than on the tape. */
  constructor(stream: string, first: number) {
    this.prefix = `${stream}@`
    this.first = first
    this.taken = first - 1
  }

  /** Adds the stream's records, oldest first, from the one that holds version `first`. */
  add(record: Placed): void {
    // What was before the first record that is kept was removed with a prefix of the history: it was in the journal.
    if (!this.seen) this.taken = Math.max(record.version, this.first) - 1
    this.seen = true
    if (record.encoding !== encodings.timed) return
    if (record.batch !== this.batch) this.moved = record.version - this.onTape(record)
    this.batch = record.batch
    this.taken = record.version + record.count - 1 - this.moved
  }

  private onTape({ correlation, version }: Placed): number {
    const told = correlation.startsWith(this.prefix) ? Number(correlation.slice(this.prefix.length)) : version
    return Number.isSafeInteger(told) ? told : version
  }
}
