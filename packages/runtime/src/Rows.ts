/** Rows of a SQL journal's tables to stored records and batches. A column that is not what the table says is damage. */
import type { BatchContext, RecordedRun, SealedBatch, StoredCommand, StoredRecord, StreamIdentity } from "./Envelope.ts"
import type { Anchor, Snapshot } from "./JournalDriver.ts"

/** Columns by name. Integers above 2^53 are an error of the read, not a rounded number. */
export type Row = Readonly<Record<string, unknown>>

/** Thrown while reading rows; becomes `JournalDamaged` at the border of the driver. */
export class BadColumn extends Error {
  override readonly name = "BadColumn"
}

/** A column that is an integer. Throws `BadColumn` for anything else. */
export const integer = (row: Row, column: string): number => {
  const value = row[column]
  if (typeof value === "number") return value
  throw new BadColumn(`column ${column} is not an integer`)
}

/** A column that is text. Throws `BadColumn` for anything else. */
export const text = (row: Row, column: string): string => {
  const value = row[column]
  if (typeof value === "string") return value
  throw new BadColumn(`column ${column} is not text`)
}

const optionalText = (row: Row, column: string): string | null => (row[column] === null ? null : text(row, column))

/** A plain view of bytes: the libraries' own classes stay here. */
const bytesOf = (value: unknown, column = "payload"): Uint8Array => {
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw new BadColumn(`column ${column} is not bytes`)
}

/** A column that is bytes, as a plain view of them. Throws `BadColumn` for anything else. */
export const bytes = (row: Row, column: string): Uint8Array => bytesOf(row[column], column)

const optionalBytes = (row: Row, column: string): Uint8Array | null =>
  row[column] === null ? null : bytes(row, column)

/** What a batch row says of all its events. */
export const contextOf = (row: Row): BatchContext => ({
  time: integer(row, "time"),
  correlation: text(row, "correlation"),
  causation: optionalText(row, "causation")
})

/** A stream row, or what another row has of its stream. */
export const identityOf = (row: Row): StreamIdentity => ({
  stream: text(row, "name"),
  behavior: text(row, "behavior"),
  owner: optionalText(row, "owner")
})

/** A record row of the stream `identity`, in a batch with `context`. */
export const recordOf = (row: Row, identity: StreamIdentity, context: BatchContext): StoredRecord => ({
  sequence: integer(row, "sequence"),
  count: integer(row, "count"),
  batch: integer(row, "batch"),
  time: context.time,
  correlation: context.correlation,
  causation: context.causation,
  stream: identity.stream,
  behavior: identity.behavior,
  owner: identity.owner,
  version: integer(row, "version"),
  type: text(row, "type"),
  schemaVersion: integer(row, "schema_version"),
  encoding: integer(row, "encoding"),
  payload: optionalBytes(row, "payload"),
  payloadHash: optionalBytes(row, "payload_hash")
})

/** The part of a record row that a fold needs. */
export const runOf = (row: Row, { behavior, stream }: StreamIdentity): RecordedRun => ({
  sequence: integer(row, "sequence"),
  count: integer(row, "count"),
  stream,
  behavior,
  version: integer(row, "version"),
  type: text(row, "type"),
  schemaVersion: integer(row, "schema_version"),
  encoding: integer(row, "encoding"),
  payload: optionalBytes(row, "payload")
})

/**
 * The part of a record that a fold needs, from its values in this order: sequence, count, version, type, schema version, encoding, payload (text
 * for JSON).
 */
export const runIn = (values: ReadonlyArray<unknown>, { behavior, stream }: StreamIdentity): RecordedRun => {
  const [sequence, count, version, type, schemaVersion, encoding, payload] = values
  if (
    typeof sequence !== "number" ||
    typeof count !== "number" ||
    typeof version !== "number" ||
    typeof type !== "string" ||
    typeof schemaVersion !== "number" ||
    typeof encoding !== "number"
  ) {
    throw new BadColumn("a column of a record is not what it must be")
  }
  const isText = typeof payload === "string"
  const bytes = isText || payload === null ? payload : bytesOf(payload)
  return { sequence, count, stream, behavior, version, type, schemaVersion, encoding, payload: bytes }
}

const commandOf = (row: Row): StoredCommand | null => {
  const stream = optionalText(row, "command_stream")
  if (stream === null) {
    const left = ["command_version", "command", "command_hash"].find((column) => row[column] !== null)
    if (left !== undefined) throw new BadColumn(`column ${left} is there without a command`)
    return null
  }
  return {
    stream,
    schemaVersion: integer(row, "command_version"),
    bytes: optionalBytes(row, "command"),
    hash: optionalBytes(row, "command_hash")
  }
}

/** A batch row with its records. */
export const batchOf = (row: Row, records: ReadonlyArray<StoredRecord>): SealedBatch => ({
  ...contextOf(row),
  batch: integer(row, "id"),
  firstSequence: integer(row, "first_sequence"),
  command: commandOf(row),
  hash: bytes(row, "hash"),
  records
})

/** Where the kept history begins. */
export const anchorOf = (row: Row): Anchor => ({
  batch: integer(row, "anchor_batch"),
  sequence: integer(row, "anchor_sequence"),
  hash: bytes(row, "anchor_hash")
})

const isVersions = (value: unknown): value is Snapshot["versions"] =>
  Array.isArray(value) &&
  value.every((each: unknown) => Array.isArray(each) && typeof each[0] === "string" && typeof each[1] === "number")

const versionsOf = (row: Row): Snapshot["versions"] => {
  const value: unknown = JSON.parse(text(row, "versions"))
  if (isVersions(value)) return value
  throw new BadColumn("column versions is not a list of streams and versions")
}

/** A snapshot row. */
export const snapshotOf = (row: Row): Snapshot => ({
  stream: text(row, "stream"),
  sequence: integer(row, "sequence"),
  behaviorVersion: integer(row, "behavior_version"),
  versions: versionsOf(row),
  state: bytes(row, "state")
})
