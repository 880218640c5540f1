/** The `Journal` in a SQLite file: opening, recognizing, closing. */
import { Effect, Either, Layer } from "effect"
import type { Scope } from "effect"
import { hash } from "node:crypto"
import { existsSync } from "node:fs"
import type { Sha256 } from "../Chain.ts"
import { Journal, make } from "../Journal.ts"
import type { JournalDriver } from "../JournalDriver.ts"
import { JournalUnavailable, NoSuchJournal, NotAJournal } from "../JournalError.ts"
import type { NewerFormat } from "../JournalError.ts"
import { makeJournalId } from "../JournalId.ts"
import { loadSqlite } from "./load.ts"
import { SqliteJournal } from "./SqliteJournal.ts"
import type { NoSqlite, SqliteDatabase, SqliteDriver, SqliteDriverName } from "./SqliteDriver.ts"
import { createTables, isJournal } from "./Tables.ts"

export interface SqliteFile {
  /** Path of the journal; made if it is not there, unless `readOnly`. */
  readonly file: string
  /** For replay: creates nothing, changes nothing. Default false. */
  readonly readOnly?: boolean
}

export interface SqliteOptions extends SqliteFile {
  /** Default: better-sqlite3 where it loads, else `node:sqlite`. */
  readonly driver?: SqliteDriverName
}

/** Why a journal cannot be opened. Each message is one line. */
export type OpenError = NoSqlite | NoSuchJournal | NotAJournal | NewerFormat | JournalUnavailable

const nativeSha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer")

const openError = (sqlite: SqliteDriver, file: string, thrown: unknown): NotAJournal | JournalUnavailable => {
  const failure = sqlite.failureOf(thrown)
  if (failure?.kind === "notADatabase") return new NotAJournal({ journal: file, reason: "it is not a SQLite database" })
  return new JournalUnavailable({
    journal: file,
    reason: failure?.reason ?? (thrown instanceof Error ? thrown.message : String(thrown))
  })
}

/** The file as a database, closed again with the scope. */
const openDatabase = (
  sqlite: SqliteDriver,
  file: string,
  readOnly: boolean
): Effect.Effect<SqliteDatabase, NotAJournal | JournalUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => sqlite.open({ file, readOnly }),
      catch: (thrown) => openError(sqlite, file, thrown)
    }),
    (database) => Effect.sync(() => database.close())
  )

const prepared = (
  sqlite: SqliteDriver,
  database: SqliteDatabase,
  options: SqliteFile,
  newId: string
): Either.Either<JournalDriver, NotAJournal | NewerFormat> => {
  const { file, readOnly = false } = options
  return Either.flatMap(isJournal(database, file), (known) => {
    if (!known && readOnly) return Either.left(new NotAJournal({ journal: file, reason: "it is empty" }))
    if (!known) createTables(database, newId)
    if (readOnly) database.exec("PRAGMA query_only = ON")
    return Either.right(new SqliteJournal({ sqlite, database, file, readOnly, sha256: nativeSha256 }))
  })
}

/** Opens a journal file for as long as the scope lives. */
const openJournal = Effect.fn("SqliteJournal.open")(function* (sqlite: SqliteDriver, options: SqliteFile) {
  const { file, readOnly = false } = options
  if (readOnly && !existsSync(file)) return yield* new NoSuchJournal({ journal: file })
  const database = yield* openDatabase(sqlite, file, readOnly)
  const newId = yield* makeJournalId
  const journal = yield* Effect.try({
    try: () => prepared(sqlite, database, options, newId),
    catch: (thrown) => openError(sqlite, file, thrown)
  })
  return make(yield* journal)
})

/** A journal in a SQLite file, through a driver of the caller's: one that injects faults, for instance. */
export const layerSqliteWith = (
  sqlite: SqliteDriver,
  options: SqliteFile
): Layer.Layer<Journal, Exclude<OpenError, NoSqlite>> => Layer.scoped(Journal, openJournal(sqlite, options))

/** A journal in a SQLite file. */
export const layerSqlite = ({ driver, ...file }: SqliteOptions): Layer.Layer<Journal, OpenError> =>
  Layer.unwrapEffect(Effect.map(loadSqlite(driver), (sqlite) => layerSqliteWith(sqlite, file)))
