/** Journal files in a temporary folder that goes away with the scope, and the SQLite drivers this Node has. */
import { NoSqlite, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { SqliteDriverName } from "@stopcopy/runtime/sqlite"
import { Effect, Either } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** An empty folder. */
const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-journal-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** A path in an empty folder, where nothing is yet. */
export const temporaryFile = Effect.map(temporaryFolder, (folder) => join(folder, "journal.db"))

/** Why a driver cannot be tested here; undefined if it can. */
export const missing = async (name: SqliteDriverName): Promise<string | undefined> => {
  const loaded = await Effect.runPromise(Effect.either(loadSqlite(name)))
  return Either.isLeft(loaded) && loaded.left instanceof NoSqlite ? loaded.left.message : undefined
}
