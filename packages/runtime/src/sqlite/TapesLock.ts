/**
 * Who has the tapes of a journal: one opening of it at a time (T5 of `Tape.ts`). Node has no file locks, SQLite has: a database beside the
 * tapes that is held exclusively. The system lets go of it when the process ends, however it ends.
 */
import { Effect, Either } from "effect"
import type { Scope } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { JournalUnavailable } from "../JournalError.ts"
import type { SqliteDatabase, SqliteDriver } from "./SqliteDriver.ts"

const lockName = "lock"

const hold = (sqlite: SqliteDriver, folder: string): SqliteDatabase => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const database = sqlite.open({ file: join(folder, lockName), readOnly: false })
  try {
    database.exec("PRAGMA busy_timeout = 0")
    database.exec("BEGIN EXCLUSIVE")
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

/** Holds the tapes in `folder` for as long as the scope lives. Fails where another opening of the journal has them. */
export const lockTapes = (
  sqlite: SqliteDriver,
  journal: string,
  folder: string
): Effect.Effect<void, JournalUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    Either.try({
      try: () => hold(sqlite, folder),
      catch: (thrown) => {
        const why = sqlite.failureOf(thrown)?.reason ?? String(thrown)
        const reason = `its tapes are in use (${why}): let the other process end, or open it without tapes`
        return new JournalUnavailable({ journal, reason })
      }
    }),
    (database) => Effect.sync(() => database.close())
  ).pipe(Effect.asVoid)
