/** A journal in this process's memory: forgotten with it, whatever durability was asked for. For tests and short-lived worlds. */
import { Either } from "effect"
import { genesis, linkOf, portableSha256 } from "./Chain.ts"
import type { SealedBatch, StoredBatch, StoredRecord, StreamIdentity } from "./Envelope.ts"
import type { AppendRequest, Appended, Head, JournalDriver, StreamInfo } from "./JournalDriver.ts"
import type { AppendError } from "./JournalError.ts"
import { placeOf, plan } from "./Plan.ts"

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
  readonly anchor = { batch: 1, sequence: 1, hash: genesis }
  readonly id: string
  private readonly all: Array<StoredRecord> = []
  private readonly stored: Array<StoredBatch> = []
  /** Links are made when somebody reads batches: nobody can change this memory in between. */
  private readonly sealed: Array<SealedBatch> = []
  private readonly byName = new Map<string, MemoryStream>()
  private at: Head = { batch: 0, sequence: 0 }

  constructor(id: string) {
    this.id = id
  }

  readonly append = (request: AppendRequest): Either.Either<Appended, AppendError> =>
    Either.map(
      plan(request, this.at, (stream) => this.byName.get(stream)?.version ?? 0),
      (batch) => this.keep(batch)
    )

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
    for (const batch of this.stored.slice(this.sealed.length)) {
      const previous = this.sealed.at(-1)?.hash ?? genesis
      this.sealed.push({ ...batch, hash: linkOf(portableSha256, this.id, previous, batch) })
    }
    return Either.right(this.sealed.slice(after, after + limit))
  }
}

/** An empty journal in memory. `id` is 32 hexadecimal digits. */
export const makeMemoryDriver = (id: string): JournalDriver => new MemoryDriver(id)
