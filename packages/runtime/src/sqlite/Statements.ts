/** Every statement of a journal, prepared once per connection. */
import { maxRunEntries } from "../Envelope.ts"
import type { SqliteDatabase, Statement } from "./SqliteDriver.ts"

export interface Statements {
  readonly meta: Statement
  readonly begin: Statement
  readonly commit: Statement
  readonly insertStream: Statement
  readonly insertBatch: Statement
  readonly insertRecord: Statement
  /** Changes nothing, but writes: the commit then carries everything before it to the disk. */
  readonly touch: Statement
  readonly head: Statement
  readonly lastHash: Statement
  readonly streamId: Statement
  readonly streamById: Statement
  readonly version: Statement
  readonly streams: Statement
  readonly family: Statement
  readonly records: Statement
  readonly recordsOf: Statement
  readonly batches: Statement
  readonly batchRecords: Statement
  readonly batchBefore: Statement
}

const columns =
  "r.sequence, r.count, r.batch, r.stream, r.version, r.type, r.schema_version, r.encoding, r.payload, r.payload_hash"

const inBatch = `SELECT ${columns}, b.time, b.correlation, b.causation FROM record r LEFT JOIN batch b ON b.id = r.batch`

const streamInfos = `SELECT name, behavior, owner,
  (SELECT version + count - 1 FROM record WHERE stream = stream.id ORDER BY version DESC LIMIT 1) AS version FROM stream`

/** Parameters are in the order of the question marks; a run that holds the first event wanted begins before it. */
export const prepare = (database: SqliteDatabase): Statements => ({
  meta: database.prepare("SELECT id, anchor_batch, anchor_sequence, anchor_hash FROM journal"),
  begin: database.prepare("BEGIN IMMEDIATE"),
  commit: database.prepare("COMMIT"),
  insertStream: database.prepare("INSERT INTO stream (name, behavior, owner) VALUES (?, ?, ?)"),
  insertBatch: database.prepare("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)"),
  insertRecord: database.prepare("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"),
  touch: database.prepare("UPDATE journal SET id = id"),
  head: database.prepare("SELECT sequence + count - 1 AS sequence, batch FROM record ORDER BY sequence DESC LIMIT 1"),
  lastHash: database.prepare("SELECT hash FROM batch ORDER BY id DESC LIMIT 1"),
  streamId: database.prepare("SELECT id FROM stream WHERE name = ?"),
  streamById: database.prepare("SELECT name, behavior, owner FROM stream WHERE id = ?"),
  version: database.prepare(
    "SELECT version + count - 1 AS version FROM record WHERE stream = ? ORDER BY version DESC LIMIT 1"
  ),
  streams: database.prepare(`${streamInfos} ORDER BY id`),
  family: database.prepare(`${streamInfos} WHERE name = ? OR owner = ? ORDER BY id`),
  records: database.prepare(
    `${inBatch} WHERE r.sequence > ? - ${maxRunEntries} AND r.sequence + r.count - 1 > ? ORDER BY r.sequence LIMIT ?`
  ),
  recordsOf: database.prepare(
    `${inBatch} WHERE r.stream = ? AND r.version > ? - ${maxRunEntries} AND r.version + r.count - 1 > ? ORDER BY r.version LIMIT ?`
  ),
  batches: database.prepare("SELECT * FROM batch WHERE id > ? ORDER BY id LIMIT ?"),
  batchRecords: database.prepare(`SELECT ${columns} FROM record r WHERE r.sequence >= ? ORDER BY r.sequence LIMIT ?`),
  batchBefore: database.prepare("SELECT first_sequence FROM batch WHERE id = ?")
})
