/** The `Journal` in a SQLite file: opening, recognizing, closing. */
import { Effect, Either, Layer } from "effect"
import type { Duration, Scope } from "effect"
import { existsSync } from "node:fs"
import { nativeSha256 } from "../internal/nativeSha256.ts"
import { Journal, make } from "../Journal.ts"
import type { JournalDriver } from "../JournalDriver.ts"
import { JournalDamaged, JournalUnavailable, NoSuchJournal, NotAJournal } from "../JournalError.ts"
import type { AppendError, NewerFormat, ReadError } from "../JournalError.ts"
import { makeJournalId } from "../JournalId.ts"
import { BadColumn } from "../Rows.ts"
import { checkLog } from "./CheckedLog.ts"
import { loadSqlite } from "./load.ts"
import { SqliteJournal } from "./SqliteJournal.ts"
import type { NoSqlite, SqliteDatabase, SqliteDriver, SqliteDriverName } from "./SqliteDriver.ts"
import { takeInTapes, tapesFolder } from "./TakeIn.ts"
import { openTapes } from "../tape/openTapes.ts"
import type { TapeError } from "../TapeError.ts"
import { prepareSnapshots, prepareTouch } from "./Statements.ts"
import { complete, createTables, hasSnapshots, isComplete, isJournal } from "./Tables.ts"
import { lockTapes, tapesInUse, tapesWaitMillis } from "./TapesLock.ts"
import { untouchedFile } from "./UntouchedFile.ts"

export interface SqliteFile {
  /** Path of the journal; made if it is not there, unless `readOnly`. */
  readonly file: string
  /**
   * For replay: nothing beside the journal is made, changed or left behind, wherever it lies. A journal that nobody uses is
   * read from a private copy among the system's temporary files (of its size, removed on close): it does not see what is
   * appended later. One in use, or left with its `-wal` and `-shm` by a process that died, is read in place. Default false.
   */
  readonly readOnly?: boolean
  /**
   * Keeps packed events on tapes in the folder `<file>-tapes`, from where the journal takes them in. Default false; what an earlier process
   * left there is taken in all the same. One opening of the journal at a time may have them; others append without.
   */
  readonly tapes?: boolean
  /** How often `live` looks for what other processes appended. Default: only this process's appends are followed. */
  readonly poll?: Duration.DurationInput
}

export interface SqliteOptions extends SqliteFile {
  /** Default: better-sqlite3 where it loads, else `node:sqlite`. */
  readonly driver?: SqliteDriverName
}

/** Why a journal cannot be opened. Each message is one line. */
export type OpenError =
  | NoSqlite
  | TapeError
  | AppendError
  | ReadError
  | NoSuchJournal
  | NotAJournal
  | NewerFormat
  | JournalDamaged
  | JournalUnavailable

type OpenFailure = NotAJournal | JournalDamaged | JournalUnavailable

/** Nothing of it could be read: no batch is known to be good. */
const damaged = (journal: string, reason: string): JournalDamaged =>
  new JournalDamaged({
    journal,
    batch: 1,
    lastGood: 0,
    difference: `it cannot be opened (${reason}), the file is cut off or overwritten: use a backup`
  })

const openError = (sqlite: SqliteDriver, file: string, thrown: unknown): OpenFailure => {
  if (thrown instanceof BadColumn) return damaged(file, thrown.message)
  const failure = sqlite.failureOf(thrown)
  const reason = failure?.reason ?? (thrown instanceof Error ? thrown.message : String(thrown))
  switch (failure?.kind) {
    case "notADatabase":
      return new NotAJournal({ journal: file, reason: "it is not a SQLite database" })
    case "corrupt":
      return damaged(file, reason)
    case "place": {
      const remedy = "make the folder writable or copy the journal with its -wal file"
      return new JournalUnavailable({ journal: file, reason: `${reason}: ${remedy}` })
    }
    default:
      return new JournalUnavailable({ journal: file, reason })
  }
}

/** The file as a database, closed again with the scope. Messages name the journal, also when a copy of it is read. */
const openDatabase = (
  sqlite: SqliteDriver,
  { file, readOnly = false }: SqliteFile
): Effect.Effect<SqliteDatabase, OpenFailure, Scope.Scope> =>
  Effect.flatMap(readOnly ? untouchedFile(file) : Effect.succeed(file), (place) =>
    Effect.acquireRelease(
      Effect.try({
        try: () => sqlite.open({ file: place, readOnly }),
        catch: (thrown) => openError(sqlite, file, thrown)
      }),
      (database) => Effect.sync(() => database.close())
    )
  )

/**
 * Pages of the write-ahead log (16 MiB) after which SQLite copies them into the file. Four times as many as it would take of itself: a journal only
 * grows, so most of what is copied often is the last page of an index again and again.
 */
const logPages = 4096

const prepared = (
  sqlite: SqliteDriver,
  database: SqliteDatabase,
  options: SqliteFile,
  newId: string
): Either.Either<JournalDriver, NotAJournal | NewerFormat> => {
  const { file, readOnly = false } = options
  return Either.flatMap(isJournal(database, file), (known) => {
    if (!known && readOnly)
      return Either.left(
        new NotAJournal({ journal: file, reason: "it is empty: a copy of one in use needs its -wal and -tapes too" })
      )
    if (!known) createTables(database, newId)
    else if (!readOnly && !isComplete(database)) complete(database)
    database.exec(readOnly ? "PRAGMA query_only = ON" : `PRAGMA wal_autocheckpoint = ${logPages}`)
    const snapshots = hasSnapshots(database) ? prepareSnapshots(database) : undefined
    const touch = readOnly ? undefined : prepareTouch(database)
    return Either.right(new SqliteJournal({ sqlite, database, snapshots, touch, file, readOnly, sha256: nativeSha256 }))
  })
}

/** Takes in what a process that died left on tapes. Who has them open now does that itself. */
const takeInLeft = (sqlite: SqliteDriver, driver: JournalDriver, folder: string) =>
  Effect.scoped(
    Effect.flatMap(lockTapes(sqlite, driver.name, folder, 0), (isHeld) =>
      isHeld
        ? takeInTapes(driver, folder)
        : Effect.logInfo(`the tapes of ${driver.name} are in use: their owner takes them in`)
    )
  )

/** Has the tapes for as long as the scope lives, with what was left on them taken in. */
const haveTapes = (sqlite: SqliteDriver, driver: JournalDriver, folder: string) =>
  Effect.flatMap(lockTapes(sqlite, driver.name, folder, tapesWaitMillis), (isHeld) =>
    isHeld ? takeInTapes(driver, folder) : tapesInUse(driver.name)
  )

/** Opens a journal file for as long as the scope lives. */
const openJournal = Effect.fn("SqliteJournal.open")(function* (sqlite: SqliteDriver, options: SqliteFile) {
  const { file, poll, readOnly = false, tapes = false } = options
  if (readOnly && !existsSync(file)) return yield* new NoSuchJournal({ journal: file })
  yield* checkLog(sqlite, file)
  const database = yield* openDatabase(sqlite, options)
  const newId = yield* makeJournalId
  const journal = yield* Effect.try({
    try: () => prepared(sqlite, database, options, newId),
    catch: (thrown) => openError(sqlite, file, thrown)
  })
  const driver = yield* journal
  const folder = tapesFolder(file)
  if (!readOnly && tapes) yield* haveTapes(sqlite, driver, folder)
  else if (!readOnly && existsSync(folder)) yield* takeInLeft(sqlite, driver, folder)
  const opened = tapes && !readOnly ? { tapes: yield* openTapes({ folder, journalId: driver.id }) } : {}
  return yield* make(driver, { ...opened, ...(poll === undefined ? {} : { poll }) })
})

/** A journal in a SQLite file, through a driver of the caller's: one that injects faults, for instance. */
export const layerSqliteWith = (
  sqlite: SqliteDriver,
  options: SqliteFile
): Layer.Layer<Journal, Exclude<OpenError, NoSqlite>> => Layer.scoped(Journal, openJournal(sqlite, options))

/** A journal in a SQLite file. */
export const layerSqlite = ({ driver, ...file }: SqliteOptions): Layer.Layer<Journal, OpenError> =>
  Layer.unwrapEffect(Effect.map(loadSqlite(driver), (sqlite) => layerSqliteWith(sqlite, file)))
