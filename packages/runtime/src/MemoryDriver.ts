/** A journal in this process's memory: forgotten with it, whatever durability was asked for. For tests and short-lived worlds. */
import { Either, Stream } from "effect"
import { genesis, linkOf, portableSha256 } from "./Chain.ts"
import { encodings, keptSnapshots } from "./Envelope.ts"
import type { SealedBatch, StoredBatch, StoredRecord, StreamIdentity } from "./Envelope.ts"
import type {
  Anchor,
  AppendAnswer,
  AppendRequest,
  Appended,
  Head,
  JournalDriver,
  Place,
  Redaction,
  Snapshot,
  StreamInfo
} from "./JournalDriver.ts"
import type { MaintenanceError } from "./JournalError.ts"
import { MemoryColumns } from "./MemoryColumns.ts"
import { planGroup, refusalOf } from "./Plan.ts"
import { needed } from "./Retention.ts"

interface MemoryStream extends StreamIdentity {
  version: number
  /** Numbers of the batches with events of this stream. */
  readonly batches: Array<number>
  readonly bases: Array<Place>
}

/** The first of the indexes from 0 on for which `isAfter` holds, as it does for all behind it; `length` if there is none. */
const firstIndex = (length: number, isAfter: (index: number) => boolean): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isAfter(middle)) high = middle
    else low = middle + 1
  }
  return low
}

class MemoryDriver implements JournalDriver {
  readonly name = "memory"
  readonly synchronous = true
  readonly changes = Stream.empty
  readonly id: string
  anchor: Anchor = { batch: 1, sequence: 1, hash: genesis }
  readonly keepsValues = true
  /** Batch `anchor.batch + i` at index `i`. */
  private readonly columns = new MemoryColumns()
  /** Links are made when somebody reads batches: nobody can change this memory in between. */
  private sealed: Array<SealedBatch> = []
  private readonly byName = new Map<string, MemoryStream>()
  private readonly kept = new Map<string, ReadonlyArray<Snapshot>>()
  private at: Head = { batch: 0, sequence: 0 }
  private readonly versionOf = (stream: string): number => this.byName.get(stream)?.version ?? 0

  constructor(id: string) {
    this.id = id
  }

  readonly commit = (group: ReadonlyArray<AppendRequest>): Either.Either<ReadonlyArray<AppendAnswer>> => {
    const [only] = group
    if (only !== undefined && group.length === 1) {
      const refused = refusalOf(only, this.versionOf)
      return Either.right([refused === undefined ? Either.right(this.keep(only)) : Either.left(refused)])
    }
    const planned = planGroup(group, this.at, this.versionOf)
    return Either.right(
      group.map((request, index) => Either.map(planned[index] ?? notPlanned(), () => this.keep(request)))
    )
  }

  private keep(request: AppendRequest): Appended {
    const batch = this.at.batch + 1
    const first = this.at.sequence + 1
    let last = this.at.sequence
    this.columns.addBatch(request, first)
    for (const record of request.records) {
      const identity = request.streams[record.stream]
      if (identity === undefined) throw new RangeError(`a record names no stream of the append: ${record.stream}`)
      const stream = this.streamOf(identity)
      this.columns.addRecord(stream, stream.version + 1, record)
      stream.version += record.count
      if (stream.batches.at(-1) !== batch) stream.batches.push(batch)
      last += record.count
      if (record.encoding === encodings.base) stream.bases.push({ version: stream.version, sequence: last })
    }
    this.at = { batch, sequence: last }
    return { batch, first, last }
  }

  private streamOf({ behavior, owner, stream }: StreamIdentity): MemoryStream {
    const known = this.byName.get(stream)
    if (known !== undefined) return known
    const made = { stream, behavior, owner, version: 0, batches: [], bases: [] }
    this.byName.set(stream, made)
    return made
  }

  private batchAt(index: number): StoredBatch | undefined {
    return this.columns.batchAt(index, this.anchor.batch + index)
  }

  /** Index of the batch that holds the event `sequence`. */
  private indexOf(sequence: number): number {
    return Math.max(0, firstIndex(this.columns.length, (index) => (this.columns.firstOf(index) ?? 0) > sequence) - 1)
  }

  readonly sync = () => Either.void

  readonly head = () => Either.right(this.at)

  readonly records = (after: number, limit: number) => {
    const found: Array<StoredRecord> = []
    for (let index = this.indexOf(after + 1); found.length < limit; index++) {
      const batch = this.batchAt(index)
      if (batch === undefined) break
      for (const record of batch.records) if (record.sequence + record.count - 1 > after) found.push(record)
    }
    return Either.right(found.slice(0, limit))
  }

  readonly recordsOf = (name: string, after: number, limit: number) => {
    const found: Array<StoredRecord> = []
    const batches = this.byName.get(name)?.batches ?? []
    const ends = (record: StoredRecord) => record.version + record.count - 1
    const own = (batch: number) =>
      this.batchAt(batch - this.anchor.batch)?.records.filter(({ stream }) => stream === name) ?? []
    const start = firstIndex(batches.length, (index) => own(batches[index] ?? 0).some((record) => ends(record) > after))
    for (const batch of batches.slice(start)) {
      if (found.length >= limit) break
      for (const record of own(batch)) if (ends(record) > after) found.push(record)
    }
    return Either.right(found.slice(0, limit))
  }

  readonly runsOf = this.recordsOf

  readonly streams = (family?: string) => {
    const infos: Array<StreamInfo> = []
    for (const { behavior, owner, stream, version } of this.byName.values()) {
      if (family === undefined || stream === family || owner === family)
        infos.push({ stream, behavior, owner, version })
    }
    return Either.right(infos)
  }

  readonly batches = (after: number, limit: number) => {
    this.seal()
    const start = Math.max(0, after - this.anchor.batch + 1)
    return Either.right(this.sealed.slice(start, start + limit))
  }

  private seal(): void {
    for (let index = this.sealed.length; index < this.columns.length; index++) {
      const batch = this.batchAt(index)
      if (batch === undefined) break
      const previous = this.sealed.at(-1)?.hash ?? this.anchor.hash
      this.sealed.push({ ...batch, hash: linkOf(portableSha256, this.id, previous, batch) })
    }
  }

  readonly lastBase = (stream: string, upTo: number) =>
    Either.right(this.byName.get(stream)?.bases.findLast(({ sequence }) => sequence <= upTo))

  readonly snapshot = (stream: string, upTo: number) =>
    Either.right(this.kept.get(stream)?.findLast(({ sequence }) => sequence <= upTo))

  readonly snapshots = (after: number, limit: number) =>
    Either.right(
      [...this.kept.values()]
        .flat()
        .filter(({ sequence }) => sequence > after)
        .toSorted((left, right) => left.sequence - right.sequence)
        .slice(0, limit)
    )

  readonly saveSnapshot = (snapshot: Snapshot) => {
    const others = (this.kept.get(snapshot.stream) ?? []).filter(({ sequence }) => sequence !== snapshot.sequence)
    const all = [...others, snapshot].toSorted((left, right) => left.sequence - right.sequence)
    this.kept.set(snapshot.stream, all.slice(-keptSnapshots))
    return Either.void
  }

  readonly redact = ({ commands, sequences }: Redaction): Either.Either<void, MaintenanceError> => {
    for (const batch of commands) this.columns.redactCommand(batch - this.anchor.batch, portableSha256)
    for (const sequence of sequences) {
      const index = this.indexOf(sequence)
      const holds = (record: StoredRecord) => sequence >= record.sequence && sequence < record.sequence + record.count
      const record = this.batchAt(index)?.records.findIndex(holds) ?? -1
      if (record >= 0) this.columns.redactRecord(index, record, portableSha256)
    }
    this.sealed = []
    return Either.void
  }

  readonly removeBefore = (batch: number): Either.Either<void, MaintenanceError> => {
    if (batch <= this.anchor.batch) return Either.void
    const missing = needed(this.name, batch, this.allRecords())
    if (missing !== undefined) return Either.left(missing)
    this.seal()
    const first = this.sealed.findIndex((each) => each.batch === batch)
    const before = this.sealed[first - 1]
    const start = this.sealed[first]
    if (before === undefined || start === undefined) return Either.void
    this.anchor = { batch, sequence: start.firstSequence, hash: before.hash }
    this.sealed = this.sealed.slice(first)
    this.columns.removeFirst(first)
    for (const { batches } of this.byName.values()) batches.splice(0, batches.filter((each) => each < batch).length)
    return Either.void
  }

  private allRecords(): ReadonlyArray<StoredRecord> {
    this.seal()
    return this.sealed.flatMap(({ records }) => records)
  }

  readonly check = () => Either.right(undefined)
}

const notPlanned = (): never => {
  throw new TypeError("a request of the group was not planned")
}

/** An empty journal in memory. `id` is 32 hexadecimal digits. */
export const makeMemoryDriver = (id: string): JournalDriver => new MemoryDriver(id)
