/**
 * Who has the tapes of a journal: one opening of it at a time (T5 of `Tape.ts`). Node has no file locks, SQLite has: a database beside the
 * tapes that is held exclusively. The system lets go of it when the process ends, however it ends.
 */
import { Effect, Either } from "effect"
import type { Scope } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { JournalFull, JournalUnavailable } from "../JournalError.ts"
import { fileError } from "../tape/files.ts"
import type { SqliteDatabase, SqliteDriver } from "./SqliteDriver.ts"

const lockName = "lock"

/** Milliseconds to wait for tapes that were asked for: an opening without tapes may be taking in what was left on them. */
export const tapesWaitMillis = 1000

const hold = (sqlite: SqliteDriver, folder: string, waitMillis: number): SqliteDatabase => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const database = sqlite.open({ file: join(folder, lockName), readOnly: false })
  try {
    database.exec(`PRAGMA busy_timeout = ${waitMillis}`)
    database.exec("BEGIN EXCLUSIVE")
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

/** The error of who wants tapes that another opening of `journal` has. */
export const tapesInUse = (journal: string): JournalUnavailable => {
  const reason = "its tapes are in use by another opening: let the other process end, or open it without tapes"
  return new JournalUnavailable({ journal, reason })
}

/** Holds the tapes in `folder` for as long as the scope lives. False where another opening of the journal has them after `waitMillis`. */
export const lockTapes = (
  sqlite: SqliteDriver,
  journal: string,
  folder: string,
  waitMillis: number
): Effect.Effect<boolean, JournalFull | JournalUnavailable, Scope.Scope> => {
  const tried = Effect.suspend((): Either.Either<SqliteDatabase | undefined, JournalFull | JournalUnavailable> => {
    try {
      return Either.right(hold(sqlite, folder, waitMillis))
    } catch (thrown) {
      const failure = sqlite.failureOf(thrown)
      if (failure === undefined) return Either.left(fileError(folder, thrown))
      if (failure.kind === "busy") return Either.right(undefined)
      if (failure.kind === "full") return Either.left(new JournalFull({ journal }))
      const reason = `its tapes cannot be locked (${failure.reason}): check ${join(folder, lockName)}`
      return Either.left(new JournalUnavailable({ journal, reason }))
    }
  })
  const held = Effect.acquireRelease(tried, (database) => Effect.sync(() => database?.close()))
  return Effect.map(held, (database) => database !== undefined)
}
