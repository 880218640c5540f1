/**
 * The encoded face of a journal: what a storage implements. Bytes in, bytes out, synchronous; it knows no schema and no
 * behavior. `Journal.ts` puts single events, streams and effects above it, once for all drivers.
 */
import type { Either } from "effect"
import type { BatchContext, Durability, SealedBatch, StoredRecord, StreamIdentity } from "./Envelope.ts"
import type { AppendError, ReadError } from "./JournalError.ts"

/** A stream that an append touches, with the version it was decided on (0: the stream is new). */
export interface ExpectedStream extends StreamIdentity {
  readonly expected: number
}

/** A record to be appended; its sequence and version follow from the order in the request. */
export interface NewRecord {
  /** Index into the request's `streams`. */
  readonly stream: number
  readonly type: string
  readonly schemaVersion: number
  readonly encoding: number
  /** Events in it: 1, or the entries of a packed run. */
  readonly count: number
  readonly payload: Uint8Array
}

/** A command to be stored with what it led to. */
export interface NewCommand {
  readonly stream: string
  readonly schemaVersion: number
  readonly bytes: Uint8Array
}

/** One batch, all or nothing. `records` is never empty. */
export interface AppendRequest extends BatchContext {
  readonly durability: Durability
  readonly command: NewCommand | null
  readonly streams: ReadonlyArray<ExpectedStream>
  readonly records: ReadonlyArray<NewRecord>
}

/** Where an append went: its batch and the sequences of its first and last event. */
export interface Appended {
  readonly batch: number
  readonly first: number
  readonly last: number
}

/** A stream as it is now. `version` is that of its last event. */
export interface StreamInfo extends StreamIdentity {
  readonly version: number
}

/** Where the kept history begins: batch 1, sequence 1 and 32 zero bytes, until a prefix is removed by retention. */
export interface Anchor {
  readonly batch: number
  readonly sequence: number
  /** Hash of the batch before `batch`. */
  readonly hash: Uint8Array
}

/** The last batch and the last event's sequence; 0 for an empty journal. */
export interface Head {
  readonly batch: number
  readonly sequence: number
}

export interface JournalDriver {
  /** What messages call it: a path, or `memory`. */
  readonly name: string
  /** 32 hexadecimal digits, chosen when the journal was made; part of every link of the chain. */
  readonly id: string
  readonly anchor: Anchor
  /** When it returns a right value, the batch is in the journal with the durability asked for, after every earlier one. */
  readonly append: (request: AppendRequest) => Either.Either<Appended, AppendError>
  /** Makes every batch appended so far *durable*. */
  readonly sync: () => Either.Either<void, AppendError>
  readonly head: () => Either.Either<Head, ReadError>
  /** Records in global order, from the one that holds the event after sequence `after`; at most `limit`. */
  readonly records: (after: number, limit: number) => Either.Either<ReadonlyArray<StoredRecord>, ReadError>
  /** Records of one stream, from the one that holds the event after version `after`; at most `limit`. */
  readonly recordsOf: (
    stream: string,
    after: number,
    limit: number
  ) => Either.Either<ReadonlyArray<StoredRecord>, ReadError>
  /** Every stream in the order of its first event; with `family` that stream and those it owns. */
  readonly streams: (family?: string) => Either.Either<ReadonlyArray<StreamInfo>, ReadError>
  /** Batches with all their records, after batch `after`; at most `limit`. */
  readonly batches: (after: number, limit: number) => Either.Either<ReadonlyArray<SealedBatch>, ReadError>
}
