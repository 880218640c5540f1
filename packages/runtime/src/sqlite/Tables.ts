/**
 * The journal's tables and how a file is recognized as one. `FORMAT.md` explains every column. Nothing of a file is changed
 * before it is known to be a journal, or empty.
 */
import { Either } from "effect"
import { genesis } from "../Chain.ts"
import { formatVersion } from "../Envelope.ts"
import { NewerFormat, NotAJournal } from "../JournalError.ts"
import type { SqliteDatabase } from "./SqliteDriver.ts"

/** `stpc` in ASCII: SQLite's `application_id` of every journal. */
const applicationId = 0x7374_7063

/** What releases after 0.1.0 added: an older journal gets it when it is opened for writing, and is read without it. */
const added = `
CREATE TABLE IF NOT EXISTS snapshot (
  stream TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  behavior_version INTEGER NOT NULL,
  versions TEXT NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (stream, sequence)
) STRICT;
CREATE TABLE IF NOT EXISTS synced (times INTEGER NOT NULL) STRICT;
INSERT INTO synced SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM synced);
CREATE INDEX IF NOT EXISTS record_base ON record (stream, sequence) WHERE encoding = 3;
`

const tables = `
CREATE TABLE journal (
  id TEXT NOT NULL,
  anchor_batch INTEGER NOT NULL,
  anchor_sequence INTEGER NOT NULL,
  anchor_hash BLOB NOT NULL
) STRICT;
CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  behavior TEXT NOT NULL,
  owner TEXT
) STRICT;
CREATE INDEX stream_owner ON stream (owner) WHERE owner IS NOT NULL;
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  first_sequence INTEGER NOT NULL,
  time INTEGER NOT NULL,
  correlation TEXT NOT NULL,
  causation TEXT,
  command_stream TEXT,
  command_version INTEGER,
  command BLOB,
  command_hash BLOB,
  hash BLOB NOT NULL
) STRICT;
CREATE TABLE record (
  sequence INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  version INTEGER NOT NULL,
  type TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  encoding INTEGER NOT NULL,
  payload BLOB,
  payload_hash BLOB,
  UNIQUE (stream, version)
) STRICT;
${added}
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${formatVersion};
`

const pragma = (database: SqliteDatabase, name: string): number => {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name]
  return typeof value === "number" ? value : 0
}

/** True if the file is a journal that this release reads, false if it is an empty database; anything else is refused. */
export const isJournal = (
  database: SqliteDatabase,
  file: string
): Either.Either<boolean, NotAJournal | NewerFormat> => {
  const format = pragma(database, "user_version")
  if (pragma(database, "application_id") === applicationId) {
    if (format > formatVersion) {
      return Either.left(new NewerFormat({ journal: file, format, supported: formatVersion }))
    }
    return format === formatVersion
      ? Either.right(true)
      : Either.left(new NotAJournal({ journal: file, reason: `its format number ${format} was never used` }))
  }
  const contents = database.prepare("SELECT 1 FROM sqlite_master LIMIT 1").get()
  return contents === undefined && format === 0
    ? Either.right(false)
    : Either.left(new NotAJournal({ journal: file, reason: "it is a SQLite database of something else" }))
}

/** How many of these tables the file has. */
const tablesIn = (database: SqliteDatabase, ...names: ReadonlyArray<string>): number =>
  names.filter((name) => database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== undefined).length

/** Whether the file has snapshots. */
export const hasSnapshots = (database: SqliteDatabase): boolean => tablesIn(database, "snapshot") === 1

/** Whether the file has what later releases added. */
export const isComplete = (database: SqliteDatabase): boolean => tablesIn(database, "snapshot", "synced") === 2

/** Adds what later releases have to a journal of an earlier one. */
export const complete = (database: SqliteDatabase): void => database.exec(added)

/** Makes an empty database a journal: all of it or nothing, durably. */
export const createTables = (database: SqliteDatabase, id: string): void => {
  database.exec("PRAGMA journal_mode = WAL")
  database.exec("PRAGMA synchronous = FULL")
  database.exec("BEGIN IMMEDIATE")
  if (tablesIn(database, "journal") > 0) {
    // Another process was faster.
    database.exec("ROLLBACK")
    return
  }
  database.exec(tables)
  database.prepare("INSERT INTO journal VALUES (?, 1, 1, ?)").run(id, genesis)
  database.exec("COMMIT")
}
