/**
 * Entries of a tape on their way into the journal: collected into packed runs that carry each entry's own time. The owner of a tape adds
 * what it wrote and takes the appends when the journal should have them; recovery does the same with what it read back.
 *
 * R1 Adding allocates nothing per entry; `take` copies once and leaves the run empty.
 * R2 An append begins anew where a time lies before that of its batch, or further behind it than a run can say.
 */
import { ownCorrelation } from "./Correlation.ts"
import { encodings, maxBatchRecords, maxRunEntries, timedPrefixBytes } from "./Envelope.ts"
import type { AppendRequest, NewRecord } from "./JournalDriver.ts"
import type { TapeIdentity } from "./Tape.ts"

/** Microseconds from a batch's time to that of one of its entries, at most: 71 minutes, the values of a u32. */
const maxEntryDelay = 0xffff_ffff

/** Entries that a run has room for at first; it doubles up to `maxRunEntries`. */
const firstCapacity = 128

export class TapeRun {
  private readonly identity: TapeIdentity
  /** Bytes of an entry behind its time. */
  private readonly entrySize: number
  private buffer: Uint8Array
  private view: DataView
  /** Entries in `buffer`. */
  private filled = 0
  private records: Array<NewRecord> = []
  private requests: Array<AppendRequest> = []
  /** Entries of the batch that is being collected, its time and the version before its first. */
  private batchEntries = 0
  private batchTime = 0
  private batchExpected = 0
  private total = 0

  constructor(identity: TapeIdentity) {
    this.identity = identity
    this.entrySize = timedPrefixBytes + identity.entryBytes
    this.buffer = new Uint8Array(firstCapacity * this.entrySize)
    this.view = new DataView(this.buffer.buffer)
  }

  /** Entries that `take` would give. */
  get entries(): number {
    return this.total
  }

  /**
   * Adds `count` entries from the beginning of `entries`, which may be reused afterwards. The arguments are those of `Tape.write`. Throws a
   * `RangeError` if `firstVersion` is not the next one.
   */
  add(firstVersion: number, time: number, entries: Uint8Array, count: number): void {
    const next = this.batchExpected + this.batchEntries + 1
    if (this.total > 0 && firstVersion !== next) {
      throw new RangeError(
        `version ${firstVersion} of ${this.identity.stream} follows ${next - 1}: take the run before`
      )
    }
    const delay = time - this.batchTime
    if (this.batchEntries === 0 || delay < 0 || delay > maxEntryDelay || this.records.length === maxBatchRecords) {
      this.endBatch()
      this.batchTime = time
      this.batchExpected = firstVersion - 1
    }
    for (let index = 0; index < count;) {
      const some = Math.min(count - index, maxRunEntries - this.filled)
      this.copy(time - this.batchTime, entries, index, some)
      index += some
      if (this.filled === maxRunEntries) this.endRun()
    }
    this.batchEntries += count
    this.total += count
  }

  /** The appends that bring everything added into the journal, one after the other, *written*; the run is empty afterwards. */
  take(): ReadonlyArray<AppendRequest> {
    this.endBatch()
    const { requests } = this
    this.requests = []
    this.total = 0
    return requests
  }

  /** Copies `count` entries from place `from` of `entries`, each behind `delay`. */
  private copy(delay: number, entries: Uint8Array, from: number, count: number): void {
    this.reserve(this.filled + count)
    const { buffer, entrySize, view } = this
    const { entryBytes } = this.identity
    let source = from * entryBytes
    let target = this.filled * entrySize
    for (let left = count; left > 0; left--) {
      view.setUint32(target, delay, true)
      target += timedPrefixBytes
      for (const end = target + entryBytes; target < end; target++, source++) buffer[target] = entries[source] ?? 0
    }
    this.filled += count
  }

  private reserve(entries: number): void {
    let capacity = this.buffer.byteLength / this.entrySize
    if (entries <= capacity) return
    while (capacity < entries) capacity *= 2
    const larger = new Uint8Array(capacity * this.entrySize)
    larger.set(this.buffer)
    this.buffer = larger
    this.view = new DataView(larger.buffer)
  }

  private endRun(): void {
    if (this.filled === 0) return
    const { schemaVersion, type } = this.identity
    const payload = this.buffer.slice(0, this.filled * this.entrySize)
    this.records.push({ stream: 0, type, schemaVersion, encoding: encodings.timed, count: this.filled, payload })
    this.filled = 0
  }

  private endBatch(): void {
    this.endRun()
    if (this.batchEntries === 0) return
    const { behavior, stream } = this.identity
    this.requests.push({
      durability: "written",
      time: this.batchTime,
      correlation: ownCorrelation(stream, this.batchExpected + 1),
      causation: null,
      command: null,
      streams: [{ stream, behavior, owner: null, expected: this.batchExpected }],
      records: this.records
    })
    this.records = []
    this.batchEntries = 0
  }
}
