/**
 * From an append request to the batch that is stored: limits, expected versions, sequences. Pure, and the same for every
 * driver, so that all of them answer alike.
 */
import { Either } from "effect"
import { maxBatchRecords, maxNameLength, maxPayloadBytes, maxRunEntries } from "./Envelope.ts"
import type { PlannedBatch, PlannedRecord } from "./Envelope.ts"
import { sizeOf, textIn } from "./internal/utf8.ts"
import type { AppendRequest, Appended, ExpectedStream, Head, NewCommand, NewRecord } from "./JournalDriver.ts"
import { AppendTooLarge, VersionConflict } from "./JournalError.ts"
import type { RefusedAppend } from "./JournalError.ts"
import { Refused } from "./Refused.ts"

/** Characters that have no more than `maxPayloadBytes` bytes in UTF-8, whatever they are. */
const surelySmall = maxPayloadBytes / 3

/** `what` is only worded where it is too much: this runs for every append. */
const over = (what: () => string, actual: number, limit: number): AppendTooLarge | undefined =>
  actual > limit ? new AppendTooLarge({ what: what(), actual, limit }) : undefined

const recordExcess = ({ count, payload, type }: NewRecord): AppendTooLarge | undefined =>
  over(() => `payload of ${type} in bytes`, sizeOf(payload, surelySmall), maxPayloadBytes) ??
  over(() => `run of ${type} in entries`, count, maxRunEntries) ??
  over(() => "length of an event type", type.length, maxNameLength)

/** The first limit of `Envelope.ts` that the request exceeds. */
const excess = ({ causation, command, correlation, records, streams }: AppendRequest): AppendTooLarge | undefined => {
  const found =
    over(() => "records in one append", records.length, maxBatchRecords) ??
    over(() => "length of the correlation id", correlation.length, maxNameLength) ??
    over(() => "length of the causation id", causation?.length ?? 0, maxNameLength) ??
    over(() => "command in bytes", sizeOf(command?.bytes ?? "", surelySmall), maxPayloadBytes)
  if (found !== undefined) return found
  for (const { stream } of streams) {
    const long = over(() => "length of a stream name", stream.length, maxNameLength)
    if (long !== undefined) return long
  }
  for (const record of records) {
    const large = recordExcess(record)
    if (large !== undefined) return large
  }
  return undefined
}

/** The first stream that is not at the version the append was decided on. */
const conflict = (
  streams: ReadonlyArray<ExpectedStream>,
  versionOf: (stream: string) => number
): VersionConflict | undefined => {
  for (const { expected, stream } of streams) {
    const actual = versionOf(stream)
    if (actual !== expected) return new VersionConflict({ stream, expected, actual })
  }
  return undefined
}

/** The record that `record` becomes: in the stream `identity`, its first event with this version and sequence. */
const recordAt = (
  { causation, correlation, time }: AppendRequest,
  { count, encoding, payload, schemaVersion, type }: NewRecord,
  identity: ExpectedStream,
  batch: number,
  version: number,
  sequence: number
): PlannedRecord => ({
  sequence,
  count,
  batch,
  time,
  correlation,
  causation,
  stream: identity.stream,
  behavior: identity.behavior,
  owner: identity.owner,
  version,
  type,
  schemaVersion,
  encoding,
  payload: textIn(payload),
  payloadHash: null
})

const numbered = (request: AppendRequest, head: Head): ReadonlyArray<PlannedRecord> => {
  const [only] = request.records
  const [stream] = request.streams
  const batch = head.batch + 1
  let sequence = head.sequence + 1
  // Most appends: a list that grows would be several times as large.
  if (only?.stream === 0 && request.records.length === 1 && stream !== undefined) {
    return [recordAt(request, only, stream, batch, stream.expected + 1, sequence)]
  }
  const versions = request.streams.map(({ expected }) => expected)
  const records: Array<PlannedRecord> = []
  for (const record of request.records) {
    const { count, stream: index, type } = record
    const identity = request.streams[index]
    const version = (versions[index] ?? 0) + 1
    if (identity === undefined)
      throw new RangeError(`record of ${type} names stream ${index}, which is not in the append`)
    records.push(recordAt(request, record, identity, batch, version, sequence))
    versions[index] = version + count - 1
    sequence += count
  }
  return records
}

/** A command that is about to be stored. */
const commandOf = ({ bytes, schemaVersion, stream }: NewCommand): PlannedBatch["command"] => ({
  stream,
  schemaVersion,
  bytes: textIn(bytes),
  hash: null
})

/** Why a request on top of these versions is refused: the first limit exceeded, or the first stream that moved on. */
export const refusalOf = (request: AppendRequest, versionOf: (stream: string) => number): RefusedAppend | undefined =>
  excess(request) ?? conflict(request.streams, versionOf)

/** The batch that an accepted request becomes after `head`. */
export const batchOf = (request: AppendRequest, head: Head): PlannedBatch => ({
  batch: head.batch + 1,
  firstSequence: head.sequence + 1,
  time: request.time,
  correlation: request.correlation,
  causation: request.causation,
  command: request.command === null ? null : commandOf(request.command),
  records: numbered(request, head)
})

const plan = (
  request: AppendRequest,
  head: Head,
  versionOf: (stream: string) => number
): Either.Either<PlannedBatch, RefusedAppend> => {
  const refused = refusalOf(request, versionOf)
  return refused === undefined ? Either.right(batchOf(request, head)) : Either.left(refused)
}

/** The versions of streams as they will be while a group is being planned. */
class PlannedVersions {
  private readonly versionOf: (stream: string) => number
  private readonly ahead = new Map<string, number>()

  constructor(versionOf: (stream: string) => number) {
    this.versionOf = versionOf
  }

  of(stream: string): number {
    return this.ahead.get(stream) ?? this.versionOf(stream)
  }

  follow({ records }: PlannedBatch): void {
    for (const { count, stream, version } of records) this.ahead.set(stream, version + count - 1)
  }
}

/** The batches that a group becomes after `head`, in its order, each on top of those before it; or why it is refused. */
export const planGroup = (
  group: ReadonlyArray<AppendRequest>,
  head: Head,
  versionOf: (stream: string) => number
): ReadonlyArray<Either.Either<PlannedBatch, RefusedAppend>> => {
  const [only] = group
  if (only !== undefined && group.length === 1) return [plan(only, head, versionOf)]
  const versions = new PlannedVersions(versionOf)
  const refused = new Refused()
  let at = head
  return group.map((request) => {
    const behind = refused.conflictOf(request)
    const planned = behind === undefined ? plan(request, at, (stream) => versions.of(stream)) : Either.left(behind)
    if (Either.isLeft(planned)) refused.add(request)
    else {
      const place = placeOf(planned.right)
      at = { batch: place.batch, sequence: place.last }
      versions.follow(planned.right)
    }
    return planned
  })
}

/** Where a planned batch lies. */
export const placeOf = (batch: PlannedBatch): Appended => {
  let last = batch.firstSequence - 1
  for (const { count } of batch.records) last += count
  return { batch: batch.batch, first: batch.firstSequence, last }
}
