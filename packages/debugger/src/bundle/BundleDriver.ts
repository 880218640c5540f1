/**
 * One journal of a bundle as storage: in memory, read only. Its batches may have gaps. A stream with a starting state begins with a
 * base event that stands for what came before; it is found where an actor is folded, and in no list of events or batches.
 */
import { baseType, encodings, JournalReadOnly } from "@stopcopy/runtime"
import type { Anchor, Head, JournalDriver, Place, SealedBatch, StoredRecord, StreamInfo } from "@stopcopy/runtime"
import { Either, Stream } from "effect"
import { toBytes } from "./Content.ts"
import type { JournalEntry, StartLine } from "./Format.ts"

/** What a bundle has of one journal. Batches in their order. */
interface Kept {
  readonly entry: JournalEntry
  readonly anchor: Anchor
  readonly batches: ReadonlyArray<SealedBatch>
  readonly starts: ReadonlyArray<StartLine>
}

interface KeptStream {
  readonly info: StreamInfo
  readonly records: ReadonlyArray<StoredRecord>
}

/** Index of the first item whose end is above `after`, by binary search. */
const firstAfter = <A>(items: ReadonlyArray<A>, after: number, end: (item: A) => number): number => {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && end(item) <= after) low = middle + 1
    else high = middle
  }
  return low
}

const page = <A>(items: ReadonlyArray<A>, after: number, limit: number, end: (item: A) => number) => {
  const start = firstAfter(items, after, end)
  return Either.right(items.slice(start, start + limit))
}

const lastSequence = ({ count, sequence }: StoredRecord): number => sequence + count - 1
const lastVersion = ({ count, version }: StoredRecord): number => version + count - 1

/** The base event of an actor whose events before the window are not here. Without its payload it says that they are needed. */
const baseOf = (start: StartLine, first: SealedBatch | undefined): StoredRecord => ({
  sequence: start.sequence,
  count: 1,
  batch: (first?.batch ?? 1) - 1,
  time: first?.time ?? 0,
  correlation: first?.correlation ?? "",
  causation: null,
  stream: start.stream,
  behavior: start.behavior,
  owner: start.owner,
  version: start.version,
  type: baseType,
  schemaVersion: start.schemaVersion,
  encoding: encodings.base,
  payload: start.json === undefined ? null : toBytes(start.json),
  payloadHash: null
})

/** Records by stream, in the order of first events; an actor's base event first. */
const byStream = (bases: ReadonlyArray<StoredRecord>, all: ReadonlyArray<StoredRecord>): Map<string, KeptStream> => {
  const streams = new Map<string, { info: StreamInfo; records: Array<StoredRecord> }>()
  for (const record of [...bases, ...all]) {
    const { behavior, owner, stream } = record
    const known = streams.get(stream) ?? { info: { stream, behavior, owner, version: 0 }, records: [] }
    known.records.push(record)
    known.info = { ...known.info, version: lastVersion(record) }
    streams.set(stream, known)
  }
  return streams
}

class BundleDriver implements JournalDriver {
  readonly name: string
  readonly id: string
  readonly anchor: Anchor
  readonly synchronous = true
  readonly keepsValues = false
  readonly changes = Stream.empty
  private readonly kept: ReadonlyArray<SealedBatch>
  private readonly all: ReadonlyArray<StoredRecord>
  private readonly byName: ReadonlyMap<string, KeptStream>

  constructor({ anchor, batches, entry, starts }: Kept) {
    this.name = entry.label
    this.id = entry.id
    this.anchor = anchor
    this.kept = batches
    this.all = batches.flatMap(({ records }) => records)
    this.byName = byStream(
      starts.map((start) => baseOf(start, batches[0])),
      this.all
    )
  }

  readonly head = (): Either.Either<Head> => {
    const last = this.all.at(-1)
    return Either.right(
      last === undefined
        ? { batch: this.anchor.batch - 1, sequence: this.anchor.sequence - 1 }
        : { batch: last.batch, sequence: lastSequence(last) }
    )
  }

  readonly records = (after: number, limit: number) => page(this.all, after, limit, lastSequence)

  readonly recordsOf = (stream: string, after: number, limit: number) =>
    page(this.byName.get(stream)?.records ?? [], after, limit, lastVersion)

  readonly runsOf = this.recordsOf

  readonly batches = (after: number, limit: number) => page(this.kept, after, limit, ({ batch }) => batch)

  readonly streams = (family?: string): Either.Either<ReadonlyArray<StreamInfo>> => {
    const infos = [...this.byName.values()].map(({ info }) => info)
    return Either.right(
      family === undefined ? infos : infos.filter(({ owner, stream }) => stream === family || owner === family)
    )
  }

  readonly lastBase = (stream: string, upTo: number): Either.Either<Place | undefined> => {
    const records = this.byName.get(stream)?.records ?? []
    const base = records.findLast(({ encoding, sequence }) => encoding === encodings.base && sequence <= upTo)
    return Either.right(base && { version: base.version, sequence: base.sequence })
  }

  readonly snapshot = () => Either.right(undefined)
  readonly snapshots = () => Either.right([])
  readonly check = () => Either.right(undefined)
  readonly sync = () => Either.void
  readonly commit = () => this.refused()
  readonly saveSnapshot = () => this.refused()
  readonly redact = () => this.refused()
  readonly removeBefore = () => this.refused()

  private refused(): Either.Either<never, JournalReadOnly> {
    return Either.left(new JournalReadOnly({ journal: this.name }))
  }
}

/** Storage over what a bundle has of a journal. */
export const makeBundleDriver = (kept: Kept): JournalDriver => new BundleDriver(kept)
