/** Every statement of a journal, prepared once per connection. */
import { encodings, keptSnapshots, maxRunEntries } from "../Envelope.ts"
import type { SqliteDatabase, Statement } from "./SqliteDriver.ts"

export interface Statements {
  readonly meta: Statement
  readonly begin: Statement
  readonly commit: Statement
  readonly insertStream: Statement
  readonly insertBatch: Statement
  /** As many as `rowsAtOnce`, one after the other. */
  readonly insertBatches: Statement
  readonly insertRecord: Statement
  readonly insertRecords: Statement
  readonly head: Statement
  readonly lastHash: Statement
  readonly streamId: Statement
  readonly streamById: Statement
  readonly streamByName: Statement
  readonly version: Statement
  readonly streams: Statement
  readonly family: Statement
  readonly records: Statement
  readonly recordsOf: Statement
  /** Columns as `Rows.runIn` wants them. */
  readonly runsOf: ReturnType<SqliteDatabase["prepareValues"]>
  readonly batches: Statement
  readonly batchRecords: Statement
  readonly batchBefore: Statement
  readonly lastBase: Statement
  readonly batchHash: Statement
  readonly deleteBatches: Statement
  readonly deleteRecords: Statement
  readonly setAnchor: Statement
  readonly recordPayload: Statement
  readonly redactRecord: Statement
  readonly batchCommand: Statement
  readonly redactCommand: Statement
  readonly withoutBase: Statement
}

/** Statements over the snapshots; a journal of release 0.1.0 that is only read has no table for them. */
export interface SnapshotStatements {
  readonly latest: Statement
  readonly after: Statement
  readonly insert: Statement
  readonly thin: Statement
}

/** Rows that one statement inserts where there are so many: a sixth less than one by one. */
export const rowsAtOnce = 16

const batchRow = "(?, ?, ?, ?, ?, ?, ?, CAST(? AS BLOB), NULL, ?)"
const recordRow = "(?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BLOB), NULL)"

const manyTimes = (row: string): string => Array.from({ length: rowsAtOnce }, () => row).join(", ")

const columns =
  "r.sequence, r.count, r.batch, r.stream, r.version, r.type, r.schema_version, r.encoding, r.payload, r.payload_hash"

const inBatch = `SELECT ${columns}, b.time, b.correlation, b.causation FROM record r LEFT JOIN batch b ON b.id = r.batch`

const streamInfos = `SELECT name, behavior, owner,
  (SELECT r.version + r.count - 1 FROM record r WHERE r.stream = stream.id ORDER BY r.version DESC LIMIT 1) AS version FROM stream`

/**
 * Payloads and commands may come as text: SQLite then encodes them. Parameters are in the order of the question marks; a run that holds the first event wanted begins before it.
 */
export const prepare = (database: SqliteDatabase): Statements => ({
  meta: database.prepare("SELECT id, anchor_batch, anchor_sequence, anchor_hash FROM journal"),
  begin: database.prepare("BEGIN IMMEDIATE"),
  commit: database.prepare("COMMIT"),
  insertStream: database.prepare("INSERT INTO stream (name, behavior, owner) VALUES (?, ?, ?)"),
  insertBatch: database.prepare(`INSERT INTO batch VALUES ${batchRow}`),
  insertBatches: database.prepare(`INSERT INTO batch VALUES ${manyTimes(batchRow)}`),
  insertRecord: database.prepare(`INSERT INTO record VALUES ${recordRow}`),
  insertRecords: database.prepare(`INSERT INTO record VALUES ${manyTimes(recordRow)}`),
  // Ordered by the column: the bare name would be that of the sum, which no index has.
  head: database.prepare(
    "SELECT r.sequence + r.count - 1 AS sequence, r.batch FROM record r ORDER BY r.sequence DESC LIMIT 1"
  ),
  lastHash: database.prepare("SELECT hash FROM batch ORDER BY id DESC LIMIT 1"),
  streamId: database.prepare("SELECT id FROM stream WHERE name = ?"),
  streamById: database.prepare("SELECT name, behavior, owner FROM stream WHERE id = ?"),
  streamByName: database.prepare("SELECT id, name, behavior, owner FROM stream WHERE name = ?"),
  version: database.prepare(
    "SELECT r.version + r.count - 1 AS version FROM record r WHERE r.stream = ? ORDER BY r.version DESC LIMIT 1"
  ),
  streams: database.prepare(`${streamInfos} ORDER BY id`),
  family: database.prepare(`${streamInfos} WHERE name = ? OR owner = ? ORDER BY id`),
  records: database.prepare(
    `${inBatch} WHERE r.sequence > ? - ${maxRunEntries} AND r.sequence + r.count - 1 > ? ORDER BY r.sequence LIMIT ?`
  ),
  recordsOf: database.prepare(
    `${inBatch} WHERE r.stream = ? AND r.version > ? - ${maxRunEntries} AND r.version + r.count - 1 > ? ORDER BY r.version LIMIT ?`
  ),
  runsOf: database.prepareValues(
    `SELECT sequence, count, version, type, schema_version, encoding,
       CASE encoding WHEN ${encodings.json} THEN CAST(payload AS TEXT) ELSE payload END FROM record
     WHERE stream = ? AND version > ? - ${maxRunEntries} AND version + count - 1 > ? ORDER BY version LIMIT ?`
  ),
  batches: database.prepare("SELECT * FROM batch WHERE id > ? ORDER BY id LIMIT ?"),
  batchRecords: database.prepare(`SELECT ${columns} FROM record r WHERE r.sequence >= ? ORDER BY r.sequence LIMIT ?`),
  batchBefore: database.prepare("SELECT first_sequence FROM batch WHERE id = ?"),
  lastBase: database.prepare(
    `SELECT version, sequence FROM record WHERE encoding = ${encodings.base} AND stream = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1`
  ),
  batchHash: database.prepare("SELECT first_sequence, hash FROM batch WHERE id = ?"),
  deleteBatches: database.prepare("DELETE FROM batch WHERE id < ?"),
  deleteRecords: database.prepare("DELETE FROM record WHERE sequence < ?"),
  setAnchor: database.prepare("UPDATE journal SET anchor_batch = ?, anchor_sequence = ?, anchor_hash = ?"),
  recordPayload: database.prepare(
    `SELECT sequence, payload FROM record WHERE sequence > ? - ${maxRunEntries} AND sequence <= ? AND sequence + count - 1 >= ? AND payload IS NOT NULL`
  ),
  redactRecord: database.prepare("UPDATE record SET payload = NULL, payload_hash = ? WHERE sequence = ?"),
  batchCommand: database.prepare("SELECT command FROM batch WHERE id = ? AND command IS NOT NULL"),
  redactCommand: database.prepare("UPDATE batch SET command = NULL, command_hash = ? WHERE id = ?"),
  withoutBase: database.prepare(
    `SELECT name FROM stream WHERE EXISTS (SELECT 1 FROM record r WHERE r.stream = stream.id AND r.sequence < ?)
     AND NOT EXISTS (SELECT 1 FROM record r WHERE r.stream = stream.id AND r.encoding = ${encodings.base} AND r.sequence >= ?) LIMIT 1`
  )
})

const snapshotColumns = "stream, sequence, behavior_version, versions, state"

export const prepareSnapshots = (database: SqliteDatabase): SnapshotStatements => ({
  latest: database.prepare(
    `SELECT ${snapshotColumns} FROM snapshot WHERE stream = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1`
  ),
  after: database.prepare(`SELECT ${snapshotColumns} FROM snapshot WHERE sequence > ? ORDER BY sequence LIMIT ?`),
  insert: database.prepare(`INSERT OR REPLACE INTO snapshot (${snapshotColumns}) VALUES (?, ?, ?, ?, ?)`),
  thin: database.prepare(
    `DELETE FROM snapshot WHERE stream = ? AND sequence NOT IN
     (SELECT sequence FROM snapshot WHERE stream = ? ORDER BY sequence DESC LIMIT ${keptSnapshots})`
  )
})

/** Writes a page: its commit carries everything before it to the disk. One that changed nothing would write nothing, and sync nothing. */
export const prepareTouch = (database: SqliteDatabase): Statement =>
  database.prepare("UPDATE synced SET times = times + 1")
