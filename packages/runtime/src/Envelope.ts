/**
 * One event as every reader sees it, and the stored forms behind it: batches, and records that hold one event or a packed
 * run of them. The prose of the format, with its version rule, is in `FORMAT.md`. Source: `docs/architecture.md`, "Envelope".
 *
 * E1 Sequences are gapless from 1 in commit order; versions are gapless from 1 in their stream.
 * E2 One append is one batch: what one command led to, all of it or nothing.
 * E3 A reader never sees a run: each entry has its own sequence and version.
 */

/** Number of the stored format, kept in the journal itself. Bumped by the rule in `FORMAT.md`. */
export const formatVersion = 1

/** Entries in one packed run, at most: a reader that starts inside a run looks back no further than this. */
export const maxRunEntries = 4096

/** Bytes of one record's payload or of one stored command, at most. */
export const maxPayloadBytes = 16 * 1024 * 1024

/** Records in one batch, at most. */
export const maxBatchRecords = 65_536

/** Characters (UTF-16 units) of a stream name, an event type, a correlation or a causation id, at most. */
export const maxNameLength = 1024

/** Records fetched from a journal at once by cursors and streams. */
export const pageRecords = 256

/** How the bytes of a record's payload are to be read. A number not listed here is of a later release and shown raw. */
export const encodings = {
  /** UTF-8 text of a JSON value: one event. */
  json: 1,
  /** `count` entries of equal size, in the fixed form of the behavior's `packing`. */
  packed: 2,
  /** A base event: UTF-8 text of the JSON of the state that stands for every event of the actor before it. */
  base: 3,
  /** As `packed`, each entry behind the microseconds (u32, little endian) from the batch's time to its own. */
  timed: 4
} as const

/** Type of every base event. No behavior has an event of this name. */
export const baseType = "@base"

/** Bytes before each entry of a `timed` run. */
export const timedPrefixBytes = 4

/** Snapshots of one actor that a journal keeps; older ones go when a new one comes. */
export const keptSnapshots = 4

/** Bytes, or the text whose UTF-8 form they are: what is only kept in memory is never encoded. */
export type Bytes = Uint8Array | string

/** A text that is made when somebody needs it. */
export interface LazyText {
  /** Its characters, those that JSON writes as several counted once. */
  readonly length: number
  readonly text: () => string
}

/** What an append brings along: bytes, a text, or, for a journal that keeps values, a text to be made when it is read. */
export type Payload = Bytes | LazyText

/** What an acknowledged append survives: *written* the death of the process, *durable* the loss of power. */
export type Durability = "written" | "durable"

/** What is recorded beside every event of a batch. */
export interface BatchContext {
  /** Microseconds since the Unix epoch. */
  readonly time: number
  /** What the event belongs to, across actors, processes and journals: the id of a migration, for instance. */
  readonly correlation: string
  /** Id of the event that led to the command: `17` in this journal, `<journal id>/17` in another one. Null: from outside. */
  readonly causation: string | null
}

/** What is recorded of the stream an event belongs to. */
export interface StreamIdentity {
  readonly stream: string
  /** Name of the stream's behavior. */
  readonly behavior: string
  /** Stream of the actor in whose turn this stream is written; null if it is the actor's own. */
  readonly owner: string | null
}

/** One event. `payload` is null when it was redacted. */
export interface Envelope extends BatchContext, StreamIdentity {
  readonly sequence: number
  readonly version: number
  readonly batch: number
  readonly type: string
  readonly schemaVersion: number
  /** One of `encodings`, or a later release's. */
  readonly encoding: number
  readonly payload: Uint8Array | null
}

/** The part of an event that a fold needs. A JSON payload may come as the text that it is. */
export interface Recorded extends Omit<Envelope, keyof BatchContext | "batch" | "owner" | "payload"> {
  readonly payload: Bytes | null
}

/** The part of a stored record that a fold needs. */
export interface RecordedRun extends Recorded {
  readonly count: number
}

/** A stored record: one event, or a run of `count` events of one type in one stream. */
export interface StoredRecord extends Envelope {
  readonly count: number
  /** SHA-256 of the payload that was redacted; null while the payload is there. */
  readonly payloadHash: Uint8Array | null
}

/** The command that led to a batch, as it was sent to the actor of `stream`. */
export interface StoredCommand {
  readonly stream: string
  /** Version of the actor's behavior. */
  readonly schemaVersion: number
  /** UTF-8 text of a JSON value; null when it was redacted. */
  readonly bytes: Uint8Array | null
  /** SHA-256 of the bytes that were redacted; null while they are there. */
  readonly hash: Uint8Array | null
}

/** A record that is about to be stored. */
export interface PlannedRecord extends Omit<StoredRecord, "payload"> {
  readonly payload: Bytes
}

/** A batch that is about to be stored. */
export interface PlannedBatch extends Omit<StoredBatch, "command" | "records"> {
  readonly command: (Omit<StoredCommand, "bytes"> & { readonly bytes: Bytes }) | null
  readonly records: ReadonlyArray<PlannedRecord>
}

/** One append. `command` is null for packed register accesses: there the entry is the command and the event. */
export interface StoredBatch extends BatchContext {
  readonly batch: number
  readonly firstSequence: number
  readonly command: StoredCommand | null
  readonly records: ReadonlyArray<StoredRecord>
}

/** A batch with its link of the hash chain: 32 bytes, taken over the batch and the hash of the one before it. */
export interface SealedBatch extends StoredBatch {
  readonly hash: Uint8Array
}

/** The events of a run with a version above `after`, oldest first. Payloads are views, not copies. Total. */
export const recordedOf = (run: RecordedRun, after: number): ReadonlyArray<Recorded> => {
  const { count, encoding, payload } = run
  // Text is of one event, whatever the count says.
  if (typeof payload === "string" || (count === 1 && encoding !== encodings.timed)) {
    return run.version > after ? [run] : []
  }
  const size = payload === null ? 0 : Math.floor(payload.byteLength / count)
  const skip = encoding === encodings.timed && size >= timedPrefixBytes ? timedPrefixBytes : 0
  const events: Array<Recorded> = []
  for (let index = Math.max(0, after + 1 - run.version); index < count; index++) {
    events.push({
      ...run,
      sequence: run.sequence + index,
      version: run.version + index,
      payload: payload === null ? null : payload.subarray(index * size + skip, (index + 1) * size)
    })
  }
  return events
}

/** The entry `index` of a run as an event of its own: its payload and its time. */
const entryOf = (record: StoredRecord, index: number): Pick<Envelope, "payload" | "time"> => {
  const { count, encoding, payload, time } = record
  if (payload === null) return { payload, time }
  const size = Math.floor(payload.byteLength / count)
  const start = index * size
  const end = start + size
  // An entry that is too short to hold its time is damage; what decodes it says so.
  if (encoding !== encodings.timed || size < timedPrefixBytes) return { payload: payload.subarray(start, end), time }
  const offset = new DataView(payload.buffer, payload.byteOffset + start, timedPrefixBytes).getUint32(0, true)
  return { payload: payload.subarray(start + timedPrefixBytes, end), time: time + offset }
}

/** The single events of a record with a sequence above `after`, oldest first. Payloads are views, not copies. Total. */
export const eventsOf = (record: StoredRecord, after = 0): ReadonlyArray<Envelope> => {
  if (record.count === 1 && record.encoding !== encodings.timed) return record.sequence > after ? [record] : []
  const events: Array<Envelope> = []
  for (let index = Math.max(0, after + 1 - record.sequence); index < record.count; index++) {
    events.push({
      ...record,
      ...entryOf(record, index),
      sequence: record.sequence + index,
      version: record.version + index
    })
  }
  return events
}
