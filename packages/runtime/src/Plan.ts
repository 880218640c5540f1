/**
 * From an append request to the batch that is stored: limits, expected versions, sequences. Pure, and the same for every
 * driver, so that all of them answer alike.
 */
import { Either } from "effect"
import { maxBatchRecords, maxNameLength, maxPayloadBytes, maxRunEntries } from "./Envelope.ts"
import type { StoredBatch, StoredRecord } from "./Envelope.ts"
import type { AppendRequest, Appended, ExpectedStream, Head, NewRecord } from "./JournalDriver.ts"
import { AppendTooLarge, VersionConflict } from "./JournalError.ts"

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
export const plan = (
  request: AppendRequest,
  head: Head,
  versionOf: (stream: string) => number
): Either.Either<StoredBatch, VersionConflict | AppendTooLarge> => {
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

/** Where a planned batch lies. */
export const placeOf = (batch: StoredBatch): Appended => {
  let last = batch.firstSequence - 1
  for (const { count } of batch.records) last += count
  return { batch: batch.batch, first: batch.firstSequence, last }
}
