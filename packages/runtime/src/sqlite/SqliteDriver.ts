/**
 * The little of SQLite that a journal needs, synchronous, so that better-sqlite3 and `node:sqlite` are interchangeable.
 * What it refuses to do: values other than integers up to 2^53, text, bytes and null.
 */
import { Schema } from "effect"
import type { Row } from "../Rows.ts"

/** A value of a column or a parameter. */
export type SqlValue = null | number | string | Uint8Array

export interface Statement {
  /** Runs it and gives the rowid of the last inserted row. */
  readonly run: (...values: ReadonlyArray<SqlValue>) => number
  readonly get: (...values: ReadonlyArray<SqlValue>) => Row | undefined
  readonly all: (...values: ReadonlyArray<SqlValue>) => ReadonlyArray<Row>
}

/** One open file. Every function throws what the library throws; `failureOf` tells what that means. */
export interface SqliteDatabase {
  readonly exec: (sql: string) => void
  readonly prepare: (sql: string) => Statement
  /** A query whose rows are lists of values, in the order of its columns: several times faster than rows with names. */
  readonly prepareValues: (sql: string) => (...values: ReadonlyArray<SqlValue>) => ReadonlyArray<ReadonlyArray<unknown>>
  /** True between `BEGIN` and its end, whoever ended it. */
  readonly inTransaction: () => boolean
  readonly close: () => void
}

export interface OpenOptions {
  readonly file: string
  /** The file must exist then, and nothing is written to it. */
  readonly readOnly: boolean
}

/** What went wrong, as far as a caller can act on it. */
export interface SqliteFailure {
  /** `busy`: another connection has the lock; `place`: the file, its folder or the files beside it cannot be opened or written; `write`: the system refused to write more. */
  readonly kind: "busy" | "full" | "write" | "constraint" | "corrupt" | "notADatabase" | "place" | "other"
  readonly reason: string
}

export type SqliteDriverName = "better-sqlite3" | "node:sqlite"

export interface SqliteDriver {
  readonly name: SqliteDriverName
  readonly open: (options: OpenOptions) => SqliteDatabase
  /** What a thrown value means; undefined if it is not SQLite's. */
  readonly failureOf: (thrown: unknown) => SqliteFailure | undefined
}

/** Milliseconds to wait for another process that holds the write lock. */
export const busyTimeoutMillis = 5000

/** SQLite's primary result codes that a caller can act on (`sqlite3.h`). */
const kinds: ReadonlyMap<number, SqliteFailure["kind"]> = new Map([
  [5, "busy"],
  [8, "place"],
  [11, "corrupt"],
  [13, "full"],
  [14, "place"],
  [19, "constraint"],
  [26, "notADatabase"]
])

/** SQLITE_IOERR_WRITE. */
const writeError = 778

/** The kind of a result code; of extended codes only that of a failed write counts. */
export const kindOf = (code: number): SqliteFailure["kind"] =>
  code === writeError ? "write" : (kinds.get(code & 0xff) ?? "other")

/** No SQLite library can be loaded, or not the one that was asked for. */
export class NoSqlite extends Schema.TaggedError<NoSqlite>()("NoSqlite", {
  wanted: Schema.String,
  reason: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `${this.wanted} cannot be loaded (${this.reason}): use Node 22.13 or newer, or install better-sqlite3 where its binary can be built`
  }
}
