/** Which SQLite is used: better-sqlite3 where it loads, else Node's own, else one clear error. */
import { Effect } from "effect"
import { loadBetterSqlite3 } from "./BetterSqlite3.ts"
import { loadNodeSqlite } from "./NodeSqlite.ts"
import { NoSqlite } from "./SqliteDriver.ts"
import type { SqliteDriver, SqliteDriverName } from "./SqliteDriver.ts"

const either = Effect.catchAll(loadBetterSqlite3, (better) =>
  Effect.mapError(
    loadNodeSqlite,
    (node) =>
      new NoSqlite({
        wanted: "SQLite",
        reason: `${better.wanted}: ${better.reason}; ${node.wanted}: ${node.reason}`
      })
  )
)

/** The driver named, or the best that loads. Fails with `NoSqlite`, whose message is one line with the remedy. */
export const loadSqlite = (wanted?: SqliteDriverName): Effect.Effect<SqliteDriver, NoSqlite> => {
  switch (wanted) {
    case "better-sqlite3":
      return loadBetterSqlite3
    case "node:sqlite":
      return loadNodeSqlite
    case undefined:
      return either
  }
}
