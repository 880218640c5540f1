/**
 * The journal's tables and how a schema is recognized as one. `FORMAT.md` explains every column. Nothing of a database is changed
 * before its schema is known to be a journal, or to be empty.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { escapeIdentifier } from "pg"
import { genesis } from "../Chain.ts"
import { encodings, formatVersion } from "../Envelope.ts"
import { NewerFormat, NotAJournal } from "../JournalError.ts"
import type { Database, Query } from "./Database.ts"
import { isOtherTable } from "./Failures.ts"

/** Bytes of a name in PostgreSQL; a longer one would silently be cut. */
const maxSchemaBytes = 63

/** `stpc` in ASCII: first half of the key of the lock under which a journal is made. */
const lockClass = 0x7374_7063

/** Hash indices for names: a name may be longer than an ordered index takes. */
const tables = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.journal (
    format integer NOT NULL,
    id text NOT NULL,
    anchor_batch bigint NOT NULL,
    anchor_sequence bigint NOT NULL,
    anchor_hash bytea NOT NULL,
    last_batch bigint NOT NULL,
    last_sequence bigint NOT NULL,
    last_hash bytea NOT NULL,
    last_stream bigint NOT NULL
  )`,
  `CREATE TABLE ${schema}.stream (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    behavior text NOT NULL,
    owner text,
    EXCLUDE USING hash (name WITH =)
  )`,
  `CREATE INDEX stream_owner ON ${schema}.stream USING hash (owner) WHERE owner IS NOT NULL`,
  `CREATE TABLE ${schema}.batch (
    id bigint PRIMARY KEY,
    first_sequence bigint NOT NULL,
    time bigint NOT NULL,
    correlation text NOT NULL,
    causation text,
    command_stream text,
    command_version integer,
    command bytea,
    command_hash bytea,
    hash bytea NOT NULL
  )`,
  `CREATE TABLE ${schema}.record (
    sequence bigint PRIMARY KEY,
    count integer NOT NULL,
    batch bigint NOT NULL,
    stream bigint NOT NULL,
    version bigint NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    encoding integer NOT NULL,
    payload bytea,
    payload_hash bytea,
    UNIQUE (stream, version)
  )`,
  `CREATE INDEX record_base ON ${schema}.record (stream, sequence) WHERE encoding = ${encodings.base}`,
  `CREATE TABLE ${schema}.snapshot (
    stream text NOT NULL,
    sequence bigint NOT NULL,
    behavior_version integer NOT NULL,
    versions text NOT NULL,
    state bytea NOT NULL
  )`,
  `CREATE INDEX snapshot_stream ON ${schema}.snapshot USING hash (stream)`,
  `CREATE INDEX snapshot_sequence ON ${schema}.snapshot (sequence)`
]

/** How far a schema is a journal. */
type Found = "journal" | "empty" | "missing"

const schemaState = `SELECT n.oid, EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid) AS full
  FROM pg_namespace n WHERE n.nspname = $1`

/** What a schema is; anything but a journal that this release reads, or nothing, is refused. */
export const recognize = (
  query: Query,
  journal: string,
  schema: string
): Effect.Effect<Found, SqlError | NotAJournal | NewerFormat> =>
  Effect.gen(function* () {
    const bytes = new TextEncoder().encode(schema).byteLength
    if (bytes === 0 || bytes > maxSchemaBytes) {
      return yield* new NotAJournal({ journal, reason: `the name of a schema has 1 to ${maxSchemaBytes} bytes` })
    }
    const [found] = yield* query(schemaState, [schema])
    if (found === undefined) return "missing"
    if (found["full"] !== true) return "empty"
    const other = new NotAJournal({ journal, reason: "its schema holds tables of something else" })
    const [row] = yield* query(`SELECT format, id FROM ${escapeIdentifier(schema)}.journal`).pipe(
      Effect.catchIf(isOtherTable, () => other)
    )
    const format = row?.["format"]
    if (typeof format !== "number") return yield* other
    if (format > formatVersion) return yield* new NewerFormat({ journal, format, supported: formatVersion })
    if (format < 1) return yield* new NotAJournal({ journal, reason: `its format number ${format} was never used` })
    return "journal"
  })

/** Makes the schema a journal named `id` if it is not one yet: all of it or nothing, durably. Others who try wait. */
export const createTables = (
  database: Database,
  journal: string,
  schema: string,
  id: string
): Effect.Effect<void, SqlError | NotAJournal | NewerFormat> =>
  database.others.transaction("durable", (query) =>
    Effect.gen(function* () {
      yield* query("SELECT pg_advisory_xact_lock($1, hashtext($2))", [lockClass, schema])
      const found = yield* recognize(query, journal, schema)
      if (found === "journal") return
      const encoding = (yield* query("SHOW server_encoding"))[0]?.["server_encoding"]
      if (encoding !== "UTF8") {
        const reason = `its database has the encoding ${String(encoding)}: make it in one with UTF8`
        return yield* new NotAJournal({ journal, reason })
      }
      const name = escapeIdentifier(schema)
      if (found === "missing") yield* query(`CREATE SCHEMA ${name}`)
      yield* Effect.forEach(tables(name), (table) => query(table), { discard: true })
      yield* query(`INSERT INTO ${name}.journal VALUES ($1, $2, 1, 1, $3, 0, 0, $3, 0)`, [formatVersion, id, genesis])
    })
  )
