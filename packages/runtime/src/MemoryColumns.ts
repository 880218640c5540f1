/**
 * Batches as a journal in memory keeps them: one array for each field. Whatever an append brings along can be forgotten at once; what stays
 * is found again by its index. Batches and records are put together when somebody reads them.
 */
import type { Sha256 } from "./Chain.ts"
import type { Payload, StoredBatch, StoredCommand, StoredRecord, StreamIdentity } from "./Envelope.ts"
import { bytesOf } from "./internal/utf8.ts"
import type { AppendRequest } from "./JournalDriver.ts"

/** A payload, or the hash of one that was redacted. */
type Kept = Payload | { readonly hash: Uint8Array }

const isRedacted = (kept: Kept): kept is { readonly hash: Uint8Array } => typeof kept === "object" && "hash" in kept

/** Bytes, or null and their hash. */
const readKept = (kept: Kept): readonly [bytes: Uint8Array | null, hash: Uint8Array | null] =>
  isRedacted(kept) ? [null, kept.hash] : [bytesOf(kept), null]

const redacted = (kept: Kept, sha256: Sha256): Kept => (isRedacted(kept) ? kept : { hash: sha256(bytesOf(kept)) })

export class MemoryColumns {
  /** Of batches. */
  private firsts: Array<number> = []
  private times: Array<number> = []
  private correlations: Array<string> = []
  private causations: Array<string | null> = []
  private commandStreams: Array<string | null> = []
  private commandVersions: Array<number> = []
  private commands: Array<Kept> = []
  /** Index of a batch's first record. */
  private starts: Array<number> = []
  /** Of records. */
  private streams: Array<StreamIdentity> = []
  private versions: Array<number> = []
  private counts: Array<number> = []
  private types: Array<string> = []
  private schemaVersions: Array<number> = []
  private encodings: Array<number> = []
  private payloads: Array<Kept> = []

  /** Batches that are kept. */
  get length(): number {
    return this.firsts.length
  }

  /** Sequence of the first event of the batch at `index`; undefined if there is none. */
  firstOf(index: number): number | undefined {
    return this.firsts[index]
  }

  /** Keeps a batch; its records follow, in order. */
  addBatch({ causation, command, correlation, time }: AppendRequest, first: number): void {
    this.firsts.push(first)
    this.times.push(time)
    this.correlations.push(correlation)
    this.causations.push(causation)
    this.commandStreams.push(command === null ? null : command.stream)
    this.commandVersions.push(command === null ? 0 : command.schemaVersion)
    this.commands.push(command === null ? "" : command.bytes)
    this.starts.push(this.streams.length)
  }

  /** Keeps a record of the last batch, whose first event has `version` in `stream`. */
  addRecord(stream: StreamIdentity, version: number, record: AppendRequest["records"][number]): void {
    this.streams.push(stream)
    this.versions.push(version)
    this.counts.push(record.count)
    this.types.push(record.type)
    this.schemaVersions.push(record.schemaVersion)
    this.encodings.push(record.encoding)
    this.payloads.push(record.payload)
  }

  /** The batch at `index`, which has number `batch`. */
  batchAt(index: number, batch: number): StoredBatch | undefined {
    const firstSequence = this.firsts[index]
    if (firstSequence === undefined) return undefined
    const start = this.starts[index] ?? 0
    const end = this.starts[index + 1] ?? this.streams.length
    const context = {
      batch,
      time: this.times[index] ?? 0,
      correlation: this.correlations[index] ?? "",
      causation: this.causations[index] ?? null
    }
    const records: Array<StoredRecord> = []
    let sequence = firstSequence
    for (let at = start; at < end; at++) {
      records.push(this.recordAt(at, sequence, context))
      sequence += this.counts[at] ?? 1
    }
    return { ...context, firstSequence, command: this.commandAt(index), records }
  }

  private commandAt(index: number): StoredCommand | null {
    const stream = this.commandStreams[index] ?? null
    if (stream === null) return null
    const [bytes, hash] = readKept(this.commands[index] ?? "")
    return { stream, schemaVersion: this.commandVersions[index] ?? 0, bytes, hash }
  }

  private recordAt(
    at: number,
    sequence: number,
    context: Pick<StoredRecord, "batch" | "time" | "correlation" | "causation">
  ): StoredRecord {
    const { behavior = "", owner = null, stream = "" } = this.streams[at] ?? {}
    const [payload, payloadHash] = readKept(this.payloads[at] ?? "")
    return {
      ...context,
      sequence,
      count: this.counts[at] ?? 1,
      stream,
      behavior,
      owner,
      version: this.versions[at] ?? 0,
      type: this.types[at] ?? "",
      schemaVersion: this.schemaVersions[at] ?? 0,
      encoding: this.encodings[at] ?? 0,
      payload,
      payloadHash
    }
  }

  /** Replaces by their hashes the command of the batch at `index`, and the payload of its record number `record`. */
  redactCommand(index: number, sha256: Sha256): void {
    const command = this.commands[index]
    if (command !== undefined && this.commandStreams[index] !== null) this.commands[index] = redacted(command, sha256)
  }

  redactRecord(index: number, record: number, sha256: Sha256): void {
    const at = (this.starts[index] ?? 0) + record
    const payload = this.payloads[at]
    if (payload !== undefined) this.payloads[at] = redacted(payload, sha256)
  }

  /** Forgets the first `batches` batches. */
  removeFirst(batches: number): void {
    const records = this.starts[batches] ?? this.streams.length
    this.firsts = this.firsts.slice(batches)
    this.times = this.times.slice(batches)
    this.correlations = this.correlations.slice(batches)
    this.causations = this.causations.slice(batches)
    this.commandStreams = this.commandStreams.slice(batches)
    this.commandVersions = this.commandVersions.slice(batches)
    this.commands = this.commands.slice(batches)
    this.starts = this.starts.slice(batches).map((start) => start - records)
    this.streams = this.streams.slice(records)
    this.versions = this.versions.slice(records)
    this.counts = this.counts.slice(records)
    this.types = this.types.slice(records)
    this.schemaVersions = this.schemaVersions.slice(records)
    this.encodings = this.encodings.slice(records)
    this.payloads = this.payloads.slice(records)
  }
}
