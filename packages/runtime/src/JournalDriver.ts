/**
 * The encoded face of a journal: what a storage implements. Bytes in, bytes out; it knows no schema and no behavior. `Journal.ts`
 * puts group commit, single events, streams and live reading above it, once for all drivers.
 *
 * D1 `commit` is one transaction: every batch it accepts is in the journal together with the others, after every earlier one.
 * D2 A request that is refused (its stream moved on, it is too large) keeps nothing and harms none of the others, except those
 *    behind it that were decided on what it would have written (`Refused.ts`): they are refused too.
 * D3 When `commit` fails, nothing of the whole group is kept, or (a server that went away while it committed) it is not known:
 *    whoever goes on reads the journal first.
 * D4 A synchronous driver answers every call with an `Either`, which is an effect that needs no fiber: a turn contains it.
 */
import type { Effect, Either, Stream } from "effect"
import type {
  BatchContext,
  Durability,
  Payload,
  RecordedRun,
  SealedBatch,
  StoredRecord,
  StreamIdentity
} from "./Envelope.ts"
import type { CommitError, MaintenanceError, ReadError, RefusedAppend } from "./JournalError.ts"

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
  readonly payload: Payload
}

/** A command to be stored with what it led to. */
export interface NewCommand {
  readonly stream: string
  readonly schemaVersion: number
  readonly bytes: Payload
}

/** One batch, all or nothing. `records` is never empty. */
export interface AppendRequest extends BatchContext {
  readonly durability: Durability
  readonly command: NewCommand | null
  readonly streams: ReadonlyArray<ExpectedStream>
  readonly records: ReadonlyArray<NewRecord>
}

/**
 * A *written* append of one turn that is encoded when somebody needs it: until then its command stands for what it led to. Deciding that again gives the same
 * events.
 */
export interface DeferredAppend extends BatchContext {
  /** Name of the behavior that decided. */
  readonly behavior: string
  readonly command: NewCommand
  readonly streams: ReadonlyArray<ExpectedStream>
  /** How many events go to each of `streams`. */
  readonly counts: ReadonlyArray<number>
  /** Of the types of events, in their order (`Deferred.ts`): 32 bits. */
  readonly fingerprint: number
  /** The append with its records. */
  readonly encode: () => AppendRequest
}

/** What takes appends that are not encoded yet. */
export interface Deferring {
  /** Whether it can decide the commands of this behavior again, should this process die. */
  readonly knows: (behavior: string) => boolean
  /** *Written* when this returns right. */
  readonly defer: (append: DeferredAppend) => Either.Either<Appended, RefusedAppend | CommitError>
}

/** Where an append went: its batch and the sequences of its first and last event. */
export interface Appended {
  readonly batch: number
  readonly first: number
  readonly last: number
}

/** The answer to one request of a group. */
export type AppendAnswer = Either.Either<Appended, RefusedAppend>

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

/** The state of an actor after one of its events, kept to restore it faster. No part of the history: it can be computed again. */
export interface Snapshot {
  /** The actor's own stream. */
  readonly stream: string
  /** Sequence of the actor's last event in it. */
  readonly sequence: number
  /** Version of the behavior that made it: another one ignores it. */
  readonly behaviorVersion: number
  /** Versions of the actor's own stream and of those it owns, at that moment. */
  readonly versions: ReadonlyArray<readonly [stream: string, version: number]>
  /** UTF-8 text of the state's JSON. */
  readonly state: Uint8Array
}

/** A place in a stream: an event's version in it and its sequence. */
export interface Place {
  readonly version: number
  readonly sequence: number
}

/** What is removed from a journal while its hashes stay. */
export interface Redaction {
  /** Sequences of events; a packed run is removed whole with any of its entries. */
  readonly sequences: ReadonlyArray<number>
  /** Batches whose command is removed. */
  readonly commands: ReadonlyArray<number>
}

/** Batches that are *written* beside the storage, and wait for it. */
export interface Waiting {
  /** `told` is called when batches wait where none did. */
  readonly onWaiting: (told: () => void) => void
  /** The storage takes them in; where it cannot they stay *written*. */
  readonly settle: () => Either.Either<void, CommitError>
}

export interface JournalDriver {
  /** What messages call it: a path, a database, or `memory`. */
  readonly name: string
  /** 32 hexadecimal digits, chosen when the journal was made; part of every link of the chain. */
  readonly id: string
  readonly anchor: Anchor
  /** True if every call answers with an `Either` (D4). */
  readonly synchronous: boolean
  /** True if it keeps appends as they come, in this memory: then texts need not be made before somebody reads them. */
  readonly keepsValues: boolean
  /** Commits the requests in their order (D1 to D3); an answer for each. Never called again before it has answered. */
  readonly commit: (
    group: ReadonlyArray<AppendRequest>,
    durability: Durability
  ) => Effect.Effect<ReadonlyArray<AppendAnswer>, CommitError>
  /** Makes every batch appended so far *durable*. */
  readonly sync: () => Effect.Effect<void, CommitError>
  readonly head: () => Effect.Effect<Head, ReadError>
  /** Records in global order, from the one that holds the event after sequence `after`; at most `limit`. */
  readonly records: (after: number, limit: number) => Effect.Effect<ReadonlyArray<StoredRecord>, ReadError>
  /** Records of one stream, from the one that holds the event after version `after`; at most `limit`. */
  readonly recordsOf: (
    stream: string,
    after: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<StoredRecord>, ReadError>
  /** The same, without what a fold does not need. */
  readonly runsOf: (
    stream: string,
    after: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<RecordedRun>, ReadError>
  /** Every stream in the order of its first event; with `family` that stream and those it owns. */
  readonly streams: (family?: string) => Effect.Effect<ReadonlyArray<StreamInfo>, ReadError>
  /** Batches with all their records, after batch `after`; at most `limit`. */
  readonly batches: (after: number, limit: number) => Effect.Effect<ReadonlyArray<SealedBatch>, ReadError>
  /** The last base event of a stream up to sequence `upTo`; undefined if it has none. */
  readonly lastBase: (stream: string, upTo: number) => Effect.Effect<Place | undefined, ReadError>
  /** The latest snapshot of an actor that is not after sequence `upTo`; undefined if there is none. */
  readonly snapshot: (stream: string, upTo: number) => Effect.Effect<Snapshot | undefined, ReadError>
  /** Every snapshot after sequence `after`, in the order of sequences; at most `limit`. */
  readonly snapshots: (after: number, limit: number) => Effect.Effect<ReadonlyArray<Snapshot>, ReadError>
  /** Keeps a snapshot; of one actor, the latest `Envelope.keptSnapshots` stay. */
  readonly saveSnapshot: (snapshot: Snapshot) => Effect.Effect<void, CommitError>
  /** Replaces payloads and commands by their hashes, *durably*. What is not there, or already redacted, is passed over. */
  readonly redact: (redaction: Redaction) => Effect.Effect<void, MaintenanceError>
  /** Removes every batch before `batch`, *durably*: that batch becomes the anchor. */
  readonly removeBefore: (batch: number) => Effect.Effect<void, MaintenanceError>
  /** The storage's own check of itself, where it has one: what is wrong, in one line. */
  readonly check: () => Effect.Effect<string | undefined, ReadError>
  /** Undefined where nothing ever waits. */
  readonly waiting?: Waiting
  /** Undefined where everything is encoded at once. */
  readonly deferring?: Deferring
  /** Says that another process may have appended. */
  readonly changes: Stream.Stream<void>
}
