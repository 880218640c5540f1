/**
 * From an append request to the batch that is stored: limits, expected versions, sequences. Pure, and the same for every
 * driver, so that all of them answer alike.
 */
import { Either } from "effect"
import { maxBatchRecords, maxNameLength, maxPayloadBytes, maxRunEntries } from "./Envelope.ts"
import type { StoredBatch, StoredRecord } from "./Envelope.ts"
import type { AppendRequest, Appended, ExpectedStream, Head, NewRecord } from "./JournalDriver.ts"
import { AppendTooLarge, VersionConflict } from "./JournalError.ts"
import type { RefusedAppend } from "./JournalError.ts"

/** The first limit of `Envelope.ts` that the request exceeds. */
const excess = (request: AppendRequest): AppendTooLarge | undefined => {
  const over = (what: string, actual: number, limit: number) =>
    actual > limit ? new AppendTooLarge({ what, actual, limit }) : undefined
  const record = (each: NewRecord) =>
    over(`payload of ${each.type} in bytes`, each.payload.byteLength, maxPayloadBytes) ??
    over(`run of ${each.type} in entries`, each.count, maxRunEntries) ??
    over("length of an event type", each.type.length, maxNameLength)
  const found =
    over("records in one append", request.records.length, maxBatchRecords) ??
    over("length of the correlation id", request.correlation.length, maxNameLength) ??
    over("length of the causation id", request.causation?.length ?? 0, maxNameLength) ??
    over("command in bytes", request.command?.bytes.byteLength ?? 0, maxPayloadBytes)
  if (found !== undefined) return found
  for (const { stream } of request.streams) {
    const long = over("length of a stream name", stream.length, maxNameLength)
    if (long !== undefined) return long
  }
  for (const each of request.records) {
    const large = record(each)
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

const numbered = (request: AppendRequest, head: Head): ReadonlyArray<StoredRecord> => {
  const versions = request.streams.map(({ expected }) => expected)
  let sequence = head.sequence + 1
  const records: Array<StoredRecord> = []
  for (const { count, encoding, payload, schemaVersion, stream: index, type } of request.records) {
    const identity = request.streams[index]
    const version = (versions[index] ?? 0) + 1
    if (identity === undefined)
      throw new RangeError(`record of ${type} names stream ${index}, which is not in the append`)
    records.push({
      sequence,
      count,
      batch: head.batch + 1,
      time: request.time,
      correlation: request.correlation,
      causation: request.causation,
      stream: identity.stream,
      behavior: identity.behavior,
      owner: identity.owner,
      version,
      type,
      schemaVersion,
      encoding,
      payload,
      payloadHash: null
    })
    versions[index] = version + count - 1
    sequence += count
  }
  return records
}

/** The batch that `request` becomes after `head`. Fails with the first stream that moved on, or the first limit exceeded. */
const plan = (
  request: AppendRequest,
  head: Head,
  versionOf: (stream: string) => number
): Either.Either<StoredBatch, RefusedAppend> => {
  const refused = excess(request) ?? conflict(request.streams, versionOf)
  if (refused !== undefined) return Either.left(refused)
  return Either.right({
    batch: head.batch + 1,
    firstSequence: head.sequence + 1,
    time: request.time,
    correlation: request.correlation,
    causation: request.causation,
    command: request.command === null ? null : { ...request.command, hash: null },
    records: numbered(request, head)
  })
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

  follow({ records }: StoredBatch): void {
    for (const { count, stream, version } of records) this.ahead.set(stream, version + count - 1)
  }

  /** Whoever was decided on a refused request expects more than this (D2 of `JournalDriver`). */
  refuse({ streams }: AppendRequest): void {
    for (const { expected, stream } of streams) this.ahead.set(stream, Math.min(this.of(stream), expected))
  }
}

/** The batches that a group becomes after `head`, in its order, each on top of those before it; or why it is refused. */
export const planGroup = (
  group: ReadonlyArray<AppendRequest>,
  head: Head,
  versionOf: (stream: string) => number
): ReadonlyArray<Either.Either<StoredBatch, RefusedAppend>> => {
  const [only] = group
  if (only !== undefined && group.length === 1) return [plan(only, head, versionOf)]
  const versions = new PlannedVersions(versionOf)
  let at = head
  return group.map((request) => {
    const planned = plan(request, at, (stream) => versions.of(stream))
    if (Either.isLeft(planned)) versions.refuse(request)
    else {
      const place = placeOf(planned.right)
      at = { batch: place.batch, sequence: place.last }
      versions.follow(planned.right)
    }
    return planned
  })
}

/** Where a planned batch lies. */
export const placeOf = (batch: StoredBatch): Appended => {
  let last = batch.firstSequence - 1
  for (const { count } of batch.records) last += count
  return { batch: batch.batch, first: batch.firstSequence, last }
}
