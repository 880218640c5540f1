/**
 * Is a journal what was written? Numbers without gaps, payloads that agree with their hashes, every link of the chain. Redacted
 * payloads verify by the hash that was kept. What it cannot see: batches cut off at the end, which only a copy of the last hash tells.
 */
import type { Context } from "effect"
import { Effect, Either, Stream } from "effect"
import { hashBytes, linkOf, portableSha256 } from "./Chain.ts"
import type { Sha256 } from "./Chain.ts"
import type { SealedBatch, StoredRecord } from "./Envelope.ts"
import { Journal } from "./Journal.ts"
import type { Anchor } from "./JournalDriver.ts"
import { JournalDamaged } from "./JournalError.ts"
import type { ReadError } from "./JournalError.ts"

export type { Sha256 } from "./Chain.ts"

/** How far a check has come: the last good batch, its last sequence and its link. */
export interface Progress {
  readonly batch: number
  readonly sequence: number
  readonly hash: Uint8Array
}

/** What the links are bound to. */
export interface Checked {
  readonly name: string
  readonly id: string
  readonly anchor: Anchor
}

/** Checks batches in their order, one call each; the first that is not what was written is the error. */
export type Checker = (batch: SealedBatch) => Either.Either<Progress, JournalDamaged>

const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index])

/** Bytes must be there or be replaced by a hash of the right size; what differs, if anything does. */
const contentDifference = (what: string, bytes: Uint8Array | null, hash: Uint8Array | null): string | undefined => {
  if (bytes !== null && hash !== null) return `${what} is there and has the hash of a redacted one`
  if (bytes === null && hash?.byteLength !== hashBytes) return `${what} is gone without its hash`
  return undefined
}

const numberDifference = (what: string, actual: number, expected: number): string | undefined =>
  actual === expected ? undefined : `${what} is ${actual}, not ${expected}`

const recordDifference = (
  record: StoredRecord,
  batch: number,
  sequence: number,
  lastVersion: number | undefined
): string | undefined => {
  const what = `record ${record.sequence} (${record.type} of ${record.stream})`
  if (!Number.isSafeInteger(record.count) || record.count < 1) return `${what} holds ${record.count} events`
  return (
    numberDifference(`sequence of ${record.type} of ${record.stream}`, record.sequence, sequence) ??
    numberDifference(`batch of ${what}`, record.batch, batch) ??
    numberDifference(`version of ${what}`, record.version, (lastVersion ?? record.version - 1) + 1) ??
    contentDifference(`payload of ${what}`, record.payload, record.payloadHash)
  )
}

const batchDifference = (batch: SealedBatch, last: Progress): string | undefined =>
  numberDifference("its number", batch.batch, last.batch + 1) ??
  numberDifference("its first sequence", batch.firstSequence, last.sequence + 1) ??
  (batch.records.length === 0 ? "it has no records" : undefined) ??
  (batch.command === null ? undefined : contentDifference("its command", batch.command.bytes, batch.command.hash))

/** The link before a batch whose predecessor is not there; undefined where it is not known. */
export type PreviousHash = (batch: number) => Uint8Array | undefined

/** Where the chain goes on in a part of a journal: at `batch`, which comes after `last` but does not follow it. */
const afterGap = (previousHash: PreviousHash, batch: SealedBatch, last: Progress): Progress => {
  const hash = batch.firstSequence > last.sequence ? previousHash(batch.batch) : undefined
  return hash === undefined ? last : { batch: batch.batch - 1, sequence: batch.firstSequence - 1, hash }
}

/**
 * A checker that begins at the journal's anchor. With `previousHash` the journal is a part of one: batches may be missing, each
 * that is there still has the link of its own contents and of what it is said to follow.
 */
export const makeChecker = (
  journal: Checked,
  sha256: Sha256 = portableSha256,
  previousHash?: PreviousHash
): Checker => {
  const { anchor, id, name } = journal
  const whole = anchor.sequence === 1 && previousHash === undefined
  const versions = new Map<string, number>()
  let last: Progress = { batch: anchor.batch - 1, sequence: anchor.sequence - 1, hash: anchor.hash }
  const lastVersion = ({ stream, version }: StoredRecord): number | undefined => {
    const known = versions.get(stream) ?? (whole ? 0 : undefined)
    return previousHash !== undefined && known !== undefined && version > known ? undefined : known
  }
  const recordsDifference = (batch: SealedBatch): string | undefined => {
    let sequence = batch.firstSequence
    for (const record of batch.records) {
      const difference = recordDifference(record, batch.batch, sequence, lastVersion(record))
      if (difference !== undefined) return difference
      versions.set(record.stream, record.version + record.count - 1)
      sequence += record.count
    }
    return undefined
  }
  return (batch) => {
    if (previousHash !== undefined && batch.batch > last.batch + 1) last = afterGap(previousHash, batch, last)
    const hash = linkOf(sha256, id, last.hash, batch)
    const difference =
      batchDifference(batch, last) ??
      recordsDifference(batch) ??
      (equalBytes(hash, batch.hash) ? undefined : "its hash is not that of its contents and of the batch before it")
    if (difference !== undefined) {
      return Either.left(new JournalDamaged({ journal: name, batch: last.batch + 1, lastGood: last.batch, difference }))
    }
    const events = batch.records.reduce((count, record) => count + record.count, 0)
    last = { batch: batch.batch, sequence: last.sequence + events, hash }
    return Either.right(last)
  }
}

/** Checks the whole journal; the last batch, sequence and link. Fails with the first damage. */
export const verify = (sha256?: Sha256): Effect.Effect<Progress, ReadError, Journal> =>
  Effect.flatMap(Journal, (journal) => verifyBatches(journal, makeChecker(journal, sha256)))

const verifyBatches = Effect.fnUntraced(function* (
  journal: Context.Tag.Service<Journal>,
  check: Checker
): Effect.fn.Return<Progress, ReadError> {
  const { anchor, name } = journal
  const start: Progress = { batch: anchor.batch - 1, sequence: anchor.sequence - 1, hash: anchor.hash }
  // Read first: a live journal may grow meanwhile, but what was there must be reached.
  const head = yield* journal.head()
  const end = yield* Stream.runFoldEffect(journal.batches(start.batch), start, (_, batch) => check(batch))
  if (end.sequence >= head.sequence) return end
  return yield* new JournalDamaged({
    journal: name,
    batch: end.batch + 1,
    lastGood: end.batch,
    difference: `it ends at event ${end.sequence}, but there are events up to ${head.sequence}`
  })
})
