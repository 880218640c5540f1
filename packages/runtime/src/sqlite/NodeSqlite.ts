/** SQLite through Node's own `node:sqlite`, which Node has without a flag from 22.13 on. */
import { Effect } from "effect"
import type { OpenOptions, SqliteDatabase, SqliteDriver } from "./SqliteDriver.ts"
import { NoSqlite, busyTimeoutMillis, kindOf } from "./SqliteDriver.ts"

const importLibrary = () => import("node:sqlite")
type Library = Awaited<ReturnType<typeof importLibrary>>

const openWith = ({ DatabaseSync }: Library, { file, readOnly }: OpenOptions): SqliteDatabase => {
  const database = new DatabaseSync(file, { readOnly })
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMillis}`)
  // `isTransaction` came later than the module: what this file begins and ends is followed here too.
  let begun = false
  const follow = (sql: string) => {
    if (sql.startsWith("BEGIN")) begun = true
    else if (sql === "COMMIT" || sql === "ROLLBACK") begun = false
  }
  return {
    exec: (sql) => {
      database.exec(sql)
      follow(sql)
    },
    prepare: (sql) => {
      const statement = database.prepare(sql)
      return {
        run: (...values) => {
          const { lastInsertRowid } = statement.run(...values)
          follow(sql)
          return Number(lastInsertRowid)
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values)
      }
    },
    prepareValues: (sql) => {
      const statement = database.prepare(sql)
      return (...values) => statement.all(...values).map((row) => Object.values(row))
    },
    inTransaction: () => database.isTransaction ?? begun,
    close: () => database.close()
  }
}

/** Errors of SQLite carry its result code in `errcode`. */
const makeDriver = (library: Library): SqliteDriver => ({
  name: "node:sqlite",
  open: (options) => openWith(library, options),
  failureOf: (thrown) =>
    thrown instanceof Error && "errcode" in thrown && typeof thrown.errcode === "number"
      ? { kind: kindOf(thrown.errcode), reason: `${thrown.message} (SQLite code ${thrown.errcode})` }
      : undefined
})

/** Loads `node:sqlite`. Fails with `NoSqlite` on a Node without it. */
export const loadNodeSqlite: Effect.Effect<SqliteDriver, NoSqlite> = Effect.tryPromise({
  try: async () => makeDriver(await importLibrary()),
  catch: () => new NoSqlite({ wanted: "node:sqlite", reason: `Node ${process.versions.node} does not have it` })
})
