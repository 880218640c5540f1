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
  Redaction,
  Snapshot,
  StreamInfo
} from "./JournalDriver.ts"
import type { MaintenanceError } from "./JournalError.ts"
import { placeOf, planGroup } from "./Plan.ts"
import { needed, redactBatch } from "./Retention.ts"

interface MemoryStream extends StreamIdentity {
  version: number
  readonly records: Array<StoredRecord>
}

/** Index of the first record that ends after `after`, by binary search over what `end` gives. */
const firstAfter = (
  records: ReadonlyArray<StoredRecord>,
  after: number,
  end: (record: StoredRecord) => number
): number => {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = records[middle]
    if (record !== undefined && end(record) <= after) low = middle + 1
    else high = middle
  }
  return low
}

const lastSequence = (record: StoredRecord): number => record.sequence + record.count - 1
const lastVersion = (record: StoredRecord): number => record.version + record.count - 1

class MemoryDriver implements JournalDriver {
  readonly name = "memory"
  readonly synchronous = true
  readonly changes = Stream.empty
  readonly id: string
  anchor: Anchor = { batch: 1, sequence: 1, hash: genesis }
  private all: Array<StoredRecord> = []
  private stored: Array<StoredBatch> = []
  /** Links are made when somebody reads batches: nobody can change this memory in between. */
  private sealed: Array<SealedBatch> = []
  private readonly byName = new Map<string, MemoryStream>()
  private readonly kept = new Map<string, ReadonlyArray<Snapshot>>()
  private at: Head = { batch: 0, sequence: 0 }

  constructor(id: string) {
    this.id = id
  }

  readonly commit = (group: ReadonlyArray<AppendRequest>): Either.Either<ReadonlyArray<AppendAnswer>> => {
    const planned = planGroup(group, this.at, (stream) => this.byName.get(stream)?.version ?? 0)
    return Either.right(planned.map((each) => Either.map(each, (batch) => this.keep(batch))))
  }

  private keep(batch: StoredBatch): Appended {
    for (const record of batch.records) {
      const stream = this.streamOf(record)
      stream.version = lastVersion(record)
      stream.records.push(record)
      this.all.push(record)
    }
    this.stored.push(batch)
    const place = placeOf(batch)
    this.at = { batch: place.batch, sequence: place.last }
    return place
  }

  private streamOf({ behavior, owner, stream }: StreamIdentity): MemoryStream {
    const known = this.byName.get(stream)
    if (known !== undefined) return known
    const made = { stream, behavior, owner, version: 0, records: [] }
    this.byName.set(stream, made)
    return made
  }

  readonly sync = () => Either.void

  readonly head = () => Either.right(this.at)

  readonly records = (after: number, limit: number) => {
    const start = firstAfter(this.all, after, lastSequence)
    return Either.right(this.all.slice(start, start + limit))
  }

  readonly recordsOf = (stream: string, after: number, limit: number) => {
    const records = this.byName.get(stream)?.records ?? []
    const start = firstAfter(records, after, lastVersion)
    return Either.right(records.slice(start, start + limit))
  }

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
    for (const batch of this.stored.slice(this.sealed.length)) {
      const previous = this.sealed.at(-1)?.hash ?? this.anchor.hash
      this.sealed.push({ ...batch, hash: linkOf(portableSha256, this.id, previous, batch) })
    }
  }

  readonly lastBase = (stream: string, upTo: number) => {
    const base = this.byName
      .get(stream)
      ?.records.findLast(({ encoding, sequence }) => encoding === encodings.base && sequence <= upTo)
    return Either.right(base && { version: base.version, sequence: base.sequence })
  }

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

  readonly redact = (redaction: Redaction): Either.Either<void, MaintenanceError> => {
    this.seal()
    this.sealed = this.sealed.map((batch) => redactBatch(portableSha256, batch, redaction))
    this.replace(this.sealed)
    return Either.void
  }

  readonly removeBefore = (batch: number): Either.Either<void, MaintenanceError> => {
    if (batch <= this.anchor.batch) return Either.void
    const missing = needed(this.name, batch, this.all)
    if (missing !== undefined) return Either.left(missing)
    this.seal()
    const first = this.sealed.findIndex((each) => each.batch === batch)
    const before = this.sealed[first - 1]
    const start = this.sealed[first]
    if (before === undefined || start === undefined) return Either.void
    this.anchor = { batch, sequence: start.firstSequence, hash: before.hash }
    this.sealed = this.sealed.slice(first)
    this.replace(this.sealed)
    return Either.void
  }

  /** These batches are all there is from now on. */
  private replace(batches: ReadonlyArray<SealedBatch>): void {
    this.stored = batches.map(({ hash: _, ...batch }) => batch)
    this.all = batches.flatMap(({ records }) => records)
    for (const stream of this.byName.values()) stream.records.length = 0
    for (const record of this.all) this.byName.get(record.stream)?.records.push(record)
  }

  readonly check = () => Either.right(undefined)
}

/** An empty journal in memory. `id` is 32 hexadecimal digits. */
export const makeMemoryDriver = (id: string): JournalDriver => new MemoryDriver(id)
