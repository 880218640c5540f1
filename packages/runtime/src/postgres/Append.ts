/**
 * A planned group as parameters of the statement `append`: rows as JSON, and one row of bytes in which payloads, commands and links lie one after
 * the other, so that they travel as they are. What is too large for one statement becomes several, for one transaction.
 */
import { linkOf } from "../Chain.ts"
import type { Sha256 } from "../Chain.ts"
import type { Durability, PlannedBatch, PlannedRecord } from "../Envelope.ts"
import { bytesOf } from "../internal/utf8.ts"
import type { Head } from "../JournalDriver.ts"
import { placeOf } from "../Plan.ts"
import type { Known, Tip } from "./Known.ts"
import { toStored, toStoredOptional } from "./StoredText.ts"

/** Bytes of payloads and commands in one statement, unless one alone is larger: the server refuses messages of 1 GiB. */
export const maxStatementBytes = 64 * 1024 * 1024

/** Rows and bytes of one statement. Places in the bytes count from 1, as PostgreSQL's do. */
class Part {
  readonly streams: Array<object> = []
  readonly batches: Array<object> = []
  readonly records: Array<object> = []
  private readonly pieces: Array<Uint8Array> = []
  private size = 0

  isFull(more: number, limit: number): boolean {
    return this.size > 0 && this.size + more > limit
  }

  /** Where the bytes begin. */
  place(bytes: Uint8Array): number {
    const at = this.size + 1
    this.pieces.push(bytes)
    this.size += bytes.byteLength
    return at
  }

  bytes(): Buffer {
    return Buffer.concat(this.pieces, this.size)
  }
}

const batchRow = (part: Part, batch: PlannedBatch, bytes: Uint8Array | undefined, hash: Uint8Array): object => {
  const { causation, command, correlation, firstSequence, time } = batch
  return {
    id: batch.batch,
    first_sequence: firstSequence,
    time,
    correlation: toStored(correlation),
    causation: toStoredOptional(causation),
    command_stream: command === null ? null : toStored(command.stream),
    command_version: command?.schemaVersion,
    command_at: bytes && part.place(bytes),
    command_size: bytes?.byteLength,
    hash_at: part.place(hash)
  }
}

const recordRow = (part: Part, record: PlannedRecord, payload: Uint8Array, stream: number): object => {
  const { batch, count, encoding, schemaVersion, sequence, type, version } = record
  return {
    sequence,
    count,
    batch,
    stream,
    version,
    type: toStored(type),
    schema_version: schemaVersion,
    encoding,
    payload_at: part.place(payload),
    payload_size: payload.byteLength
  }
}

/** A group that is ready to be appended behind `from`. */
export interface Prepared {
  readonly batches: ReadonlyArray<PlannedBatch>
  readonly from: Tip
  readonly to: Tip
  /** Row ids that new streams get. */
  readonly ids: ReadonlyMap<string, number>
  readonly parts: ReadonlyArray<Part>
}

/** Puts the rows of a group into parts, one batch after the other. */
class Builder {
  readonly parts: Array<Part> = []
  readonly ids = new Map<string, number>()
  private readonly known: Known
  private readonly limit: number
  private part = new Part()

  constructor(known: Known, limit: number) {
    this.known = known
    this.limit = limit
    this.parts.push(this.part)
  }

  add(batch: PlannedBatch, hash: Uint8Array): void {
    const command = batch.command === null ? undefined : bytesOf(batch.command.bytes)
    this.roomFor(command?.byteLength ?? 0)
    this.part.batches.push(batchRow(this.part, batch, command, hash))
    for (const record of batch.records) {
      const payload = bytesOf(record.payload)
      this.roomFor(payload.byteLength)
      this.part.records.push(recordRow(this.part, record, payload, this.idOf(record)))
    }
  }

  private roomFor(bytes: number): void {
    if (!this.part.isFull(bytes, this.limit)) return
    this.part = new Part()
    this.parts.push(this.part)
  }

  private idOf({ behavior, owner, stream }: PlannedRecord): number {
    const id = this.known.idOf(stream) || this.ids.get(stream)
    if (id !== undefined) return id
    const next = this.known.tip.stream + this.ids.size + 1
    this.ids.set(stream, next)
    this.part.streams.push({
      id: next,
      name: toStored(stream),
      behavior: toStored(behavior),
      owner: toStoredOptional(owner)
    })
    return next
  }
}

/** What batches of one journal are sealed and packed with. */
export interface Sealing {
  /** The journal's. */
  readonly id: string
  readonly sha256: Sha256
  /** Bytes of payloads and commands in one statement, unless one alone is larger. Default `maxStatementBytes`. */
  readonly statementBytes?: number
}

/** The batches, which follow each other behind what is known, with their links. */
export const prepare = (
  known: Known,
  batches: ReadonlyArray<PlannedBatch>,
  { id, sha256, statementBytes = maxStatementBytes }: Sealing
): Prepared => {
  const from = known.tip
  const builder = new Builder(known, statementBytes)
  let { hash } = from
  let last: Head = from
  for (const batch of batches) {
    hash = linkOf(sha256, id, hash, batch)
    builder.add(batch, hash)
    const place = placeOf(batch)
    last = { batch: place.batch, sequence: place.last }
  }
  const to = { ...last, hash, stream: from.stream + builder.ids.size }
  return { batches, from, to, ids: builder.ids, parts: builder.parts }
}

/** Whom to tell of a group: a channel and what to say there. */
export interface Notice {
  readonly channel: string
  readonly payload: string
}

/** Parameters of the statement for each part. The first moves the end of the journal, the others find it where it is then. */
export const parametersOf = (
  { from, parts, to }: Prepared,
  durability: Durability,
  { channel, payload }: Notice
): ReadonlyArray<ReadonlyArray<unknown>> =>
  parts.map((part, index) => {
    const expected = index === 0 ? from : to
    return [
      to.batch,
      to.sequence,
      to.hash,
      to.stream,
      expected.batch,
      expected.hash,
      JSON.stringify(part.streams),
      JSON.stringify(part.batches),
      JSON.stringify(part.records),
      part.bytes(),
      durability === "durable" ? "on" : "off",
      channel,
      payload
    ]
  })
