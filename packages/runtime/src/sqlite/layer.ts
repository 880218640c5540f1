/** The `Journal` in a SQLite file: opening, recognizing, closing. */
import { Effect, Either, Layer } from "effect"
import type { Duration, Scope } from "effect"
import { existsSync } from "node:fs"
import type { Decider } from "../Decider.ts"
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
import { SpooledJournal } from "./SpooledJournal.ts"
import { takeInTapes, tapesFolder } from "./TakeIn.ts"
import { spoolIn, takeInSpool } from "./TakeInSpool.ts"
import { SpoolFile } from "../spool/SpoolFile.ts"
import type { SpoolError } from "../spool/SpoolError.ts"
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
  /**
   * *Written* is a write to the file `<file>-tapes/spool`, from where the tables take it in, many batches at once: several times faster than a commit for each.
   * While something waits there, at most a second, nobody else can append; readers in other processes see it then. Default false; what an earlier process left
   * there is taken in all the same. One opening of the journal at a time may have it.
   */
  readonly spool?: boolean
  /**
   * Whose commands may stand in the spool for what they led to, and are encoded when the tables take them in: a turn is answered sooner. They are decided again
   * should the process die meanwhile, so whoever opens the journal then must name them too. Default: none. Only with `spool`.
   */
  readonly deciders?: ReadonlyArray<Decider>
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
  | SpoolError
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
): Either.Either<SqliteJournal, NotAJournal | NewerFormat> => {
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

/** What a process that died left beside the tables: the spool first, for what is on tapes may lie behind it. */
const takeIn = (tables: SqliteJournal, folder: string, deciders: ReadonlyArray<Decider>) =>
  Effect.zipRight(takeInSpool(tables, folder, deciders), takeInTapes(tables, folder))

/** Takes in what was left. Who has the folder now does that itself. */
const takeInLeft = (sqlite: SqliteDriver, tables: SqliteJournal, folder: string, deciders: ReadonlyArray<Decider>) =>
  Effect.scoped(
    Effect.flatMap(lockTapes(sqlite, tables.name, folder, 0), (isHeld) =>
      isHeld
        ? takeIn(tables, folder, deciders)
        : Effect.logInfo(`the tapes of ${tables.name} are in use: their owner takes them in`)
    )
  )

/** Has the folder for as long as the scope lives, with what was left in it taken in. */
const haveFolder = (sqlite: SqliteDriver, tables: SqliteJournal, folder: string, deciders: ReadonlyArray<Decider>) =>
  Effect.flatMap(lockTapes(sqlite, tables.name, folder, tapesWaitMillis), (isHeld) =>
    isHeld ? takeIn(tables, folder, deciders) : tapesInUse(tables.name)
  )

/** The tables behind a spool for as long as the scope lives. */
const spooled = (tables: SqliteJournal, folder: string, deciders: ReadonlyArray<Decider>) =>
  Effect.map(
    Effect.acquireRelease(SpoolFile.begin(spoolIn(folder), tables.id), (file) => Effect.sync(() => file.close())),
    (file) => new SpooledJournal(tables, file, new Set(deciders.map(({ behavior }) => behavior)))
  )

/** Opens a journal file for as long as the scope lives. */
const openJournal = Effect.fn("SqliteJournal.open")(function* (sqlite: SqliteDriver, options: SqliteFile) {
  const { deciders = [], file, poll, readOnly = false, spool = false, tapes = false } = options
  if (readOnly && !existsSync(file)) return yield* new NoSuchJournal({ journal: file })
  yield* checkLog(sqlite, file)
  const database = yield* openDatabase(sqlite, options)
  const newId = yield* makeJournalId
  const journal = yield* Effect.try({
    try: () => prepared(sqlite, database, options, newId),
    catch: (thrown) => openError(sqlite, file, thrown)
  })
  const tables = yield* journal
  const folder = tapesFolder(file)
  const has = !readOnly && (tapes || spool)
  if (has) yield* haveFolder(sqlite, tables, folder, deciders)
  else if (!readOnly && existsSync(folder)) yield* takeInLeft(sqlite, tables, folder, deciders)
  const opened = tapes && has ? { tapes: yield* openTapes({ folder, journalId: tables.id }) } : {}
  const driver: JournalDriver = spool && has ? yield* spooled(tables, folder, deciders) : tables
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
