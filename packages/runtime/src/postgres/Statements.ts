/** Every statement of a journal in one schema, as text. Parameters are numbered; `FORMAT.md` explains the columns. */
import { escapeIdentifier } from "pg"
import { encodings, keptSnapshots } from "../Envelope.ts"

const columns =
  "r.sequence, r.count, r.batch, r.stream, r.version, r.type, r.schema_version, r.encoding, r.payload, r.payload_hash"

/** A record is found from any of its events: it is the last one that does not begin behind the event. */
const holding = (record: string, column: string, event: string, where = "true"): string =>
  `coalesce((SELECT h.${column} FROM ${record} h WHERE ${where} AND h.${column} <= ${event} ORDER BY h.${column} DESC LIMIT 1), 0)`

/** One statement appends a group, or a part of it: see `Append.ts` for the parameters. No row: the journal has grown meanwhile. */
const append = (schema: string): string => `WITH moved AS (
  UPDATE ${schema}.journal SET last_batch = $1, last_sequence = $2, last_hash = $3, last_stream = $4
  WHERE last_batch = $5 AND last_hash = $6 RETURNING last_batch
), streams AS (
  INSERT INTO ${schema}.stream (id, name, behavior, owner)
  SELECT n.* FROM moved, json_to_recordset($7::json) AS n(id bigint, name text, behavior text, owner text)
), batches AS (
  INSERT INTO ${schema}.batch (id, first_sequence, time, correlation, causation, command_stream, command_version, command, hash)
  SELECT n.id, n.first_sequence, n.time, n.correlation, n.causation, n.command_stream, n.command_version,
    substring($10::bytea FROM n.command_at FOR n.command_size), substring($10::bytea FROM n.hash_at FOR 32)
  FROM moved, json_to_recordset($8::json) AS n(id bigint, first_sequence bigint, time bigint, correlation text, causation text,
    command_stream text, command_version integer, command_at integer, command_size integer, hash_at integer)
), records AS (
  INSERT INTO ${schema}.record (sequence, count, batch, stream, version, type, schema_version, encoding, payload)
  SELECT n.sequence, n.count, n.batch, n.stream, n.version, n.type, n.schema_version, n.encoding,
    substring($10::bytea FROM n.payload_at FOR n.payload_size)
  FROM moved, json_to_recordset($9::json) AS n(sequence bigint, count integer, batch bigint, stream bigint, version bigint,
    type text, schema_version integer, encoding integer, payload_at integer, payload_size integer)
)
SELECT last_batch, set_config('synchronous_commit', $11, true), pg_notify($12, $13) FROM moved`

const reading = (schema: string) => {
  const { batch, journal, record, stream } = tablesOf(schema)
  const inBatch = `SELECT ${columns}, b.time, b.correlation, b.causation, s.name, s.behavior, s.owner
    FROM ${record} r LEFT JOIN ${batch} b ON b.id = r.batch LEFT JOIN ${stream} s ON s.id = r.stream`
  const version = `SELECT r.version + r.count - 1 AS version FROM ${record} r WHERE r.stream = s.id ORDER BY r.version DESC LIMIT 1`
  const infos = `SELECT s.name, s.behavior, s.owner, v.version FROM ${stream} s CROSS JOIN LATERAL (${version}) v`
  const ofName = `(SELECT id FROM ${stream} WHERE name = $1)`
  const ofStream = `r.stream = ${ofName}
      AND r.version >= ${holding(record, "version", "$2::bigint + 1", `h.stream = ${ofName}`)}
      AND r.version + r.count - 1 > $2::bigint ORDER BY r.version LIMIT $3`
  return {
    meta: `SELECT id, anchor_batch, anchor_sequence, anchor_hash FROM ${journal}`,
    head: `SELECT last_batch, last_sequence FROM ${journal}`,
    /** The end of the journal and the streams named, as they are at one moment. */
    known: `SELECT j.last_batch, j.last_sequence, j.last_hash, j.last_stream, s.id, s.name, v.version
      FROM ${journal} j LEFT JOIN ${stream} s ON s.name = ANY($1::text[]) LEFT JOIN LATERAL (${version}) v ON true`,
    streams: `${infos} ORDER BY s.id`,
    family: `${infos} WHERE s.name = $1 OR s.owner = $1 ORDER BY s.id`,
    records: `${inBatch} WHERE r.sequence >= ${holding(record, "sequence", "$1::bigint + 1")}
      AND r.sequence + r.count - 1 > $1::bigint ORDER BY r.sequence LIMIT $2`,
    recordsOf: `${inBatch} WHERE ${ofStream}`,
    /** The same, without what a fold does not need. */
    runsOf: `SELECT r.sequence, r.count, r.version, r.type, r.schema_version, r.encoding, r.payload, s.name, s.behavior, s.owner
      FROM ${record} r JOIN ${stream} s ON s.id = r.stream WHERE ${ofStream}`,
    batches: `SELECT * FROM ${batch} WHERE id > $1 ORDER BY id LIMIT $2`,
    batchBefore: `SELECT first_sequence FROM ${batch} WHERE id = $1`,
    batchRecords: `SELECT ${columns}, s.name, s.behavior, s.owner FROM ${record} r LEFT JOIN ${stream} s ON s.id = r.stream
      WHERE r.sequence >= $1 ORDER BY r.sequence LIMIT $2`,
    batchAt: `SELECT batch FROM ${record} WHERE sequence >= $1 ORDER BY sequence LIMIT 1`,
    lastBase: `SELECT version, sequence FROM ${record}
      WHERE encoding = ${encodings.base} AND stream = ${ofName} AND sequence <= $2 ORDER BY sequence DESC LIMIT 1`,
    /** What the tables hold last, beside what the journal's row says. */
    ends: `SELECT j.last_batch, j.last_sequence, j.last_hash, j.last_stream, b.id AS batch, b.hash,
      r.sequence + r.count - 1 AS sequence, (SELECT max(id) FROM ${stream}) AS stream FROM ${journal} j
      LEFT JOIN (SELECT id, hash FROM ${batch} ORDER BY id DESC LIMIT 1) b ON true
      LEFT JOIN (SELECT sequence, count FROM ${record} ORDER BY sequence DESC LIMIT 1) r ON true`
  }
}

const writing = (schema: string) => {
  const { batch, journal, record, stream } = tablesOf(schema)
  return {
    append: append(schema),
    /** Whoever has this lock is the only one who appends, until its transaction ends. */
    lock: `SELECT last_batch FROM ${journal} FOR UPDATE`,
    /** Changes nothing, but writes: its commit waits until the log is on the disk, with everything before it. */
    touch: `WITH touched AS (UPDATE ${journal} SET format = format RETURNING format)
      SELECT set_config('synchronous_commit', 'on', true) FROM touched`,
    redactRecords: `UPDATE ${record} SET payload_hash = sha256(payload), payload = NULL WHERE payload IS NOT NULL AND sequence IN (
      SELECT r.sequence FROM unnest($1::bigint[]) AS wanted(event) CROSS JOIN LATERAL (
        SELECT sequence, count FROM ${record} WHERE sequence <= wanted.event ORDER BY sequence DESC LIMIT 1
      ) r WHERE r.sequence + r.count > wanted.event)`,
    redactCommands: `UPDATE ${batch} SET command_hash = sha256(command), command = NULL WHERE command IS NOT NULL AND id = ANY($1::bigint[])`,
    cut: `SELECT b.first_sequence, before.hash FROM ${batch} b JOIN ${batch} before ON before.id = b.id - 1 WHERE b.id = $1`,
    withoutBase: `SELECT s.name FROM ${stream} s WHERE EXISTS (SELECT 1 FROM ${record} r WHERE r.stream = s.id AND r.sequence < $1)
      AND NOT EXISTS (SELECT 1 FROM ${record} r WHERE r.stream = s.id AND r.encoding = ${encodings.base} AND r.sequence >= $1) LIMIT 1`,
    deleteBatches: `DELETE FROM ${batch} WHERE id < $1`,
    deleteRecords: `DELETE FROM ${record} WHERE sequence < $1`,
    setAnchor: `UPDATE ${journal} SET anchor_batch = $1, anchor_sequence = $2, anchor_hash = $3
      WHERE anchor_batch < $1 RETURNING anchor_batch`,
    notify: "SELECT pg_notify($1, $2)"
  }
}

const snapshots = (schema: string) => {
  const { snapshot } = tablesOf(schema)
  const all = `SELECT stream, sequence, behavior_version, versions, state FROM ${snapshot}`
  return {
    snapshot: `${all} WHERE stream = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1`,
    snapshots: `${all} WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
    /** Two that save snapshots of one actor take turns. */
    lockSnapshots: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
    removeSnapshot: `DELETE FROM ${snapshot} WHERE stream = $1 AND sequence = $2`,
    insertSnapshot: `INSERT INTO ${snapshot} (stream, sequence, behavior_version, versions, state) VALUES ($1, $2, $3, $4, $5)`,
    thinSnapshots: `DELETE FROM ${snapshot} WHERE stream = $1 AND sequence NOT IN (
      SELECT sequence FROM ${snapshot} WHERE stream = $1 ORDER BY sequence DESC LIMIT ${keptSnapshots})`
  }
}

/** Names of the tables, ready for a statement. */
const tablesOf = (schema: string) => ({
  journal: `${schema}.journal`,
  stream: `${schema}.stream`,
  batch: `${schema}.batch`,
  record: `${schema}.record`,
  snapshot: `${schema}.snapshot`
})

/** The statements over the tables of `schema`. */
export const statementsOf = (schema: string) => {
  const name = escapeIdentifier(schema)
  return { ...reading(name), ...writing(name), ...snapshots(name) }
}

export type Statements = ReturnType<typeof statementsOf>
