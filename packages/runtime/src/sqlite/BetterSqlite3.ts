/** SQLite through better-sqlite3, an optional dependency with a native binary. Loaded when asked for, never bundled. */
import { Effect } from "effect"
import type { Row } from "../Rows.ts"
import type { OpenOptions, SqlValue, SqliteDatabase, SqliteDriver, SqliteFailure } from "./SqliteDriver.ts"
import { NoSqlite, busyTimeoutMillis } from "./SqliteDriver.ts"

const importLibrary = () => import("better-sqlite3")
type Library = Awaited<ReturnType<typeof importLibrary>>["default"]

const openWith = (Library: Library, { file, readOnly }: OpenOptions): SqliteDatabase => {
  const database = new Library(file, { readonly: readOnly, fileMustExist: readOnly, timeout: busyTimeoutMillis })
  return {
    exec: (sql) => {
      database.exec(sql)
    },
    prepare: (sql) => {
      const statement = database.prepare<Array<SqlValue>, Row>(sql)
      return {
        run: (...values) => Number(statement.run(...values).lastInsertRowid),
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values)
      }
    },
    prepareValues: (sql) => {
      const statement = database.prepare<Array<SqlValue>, ReadonlyArray<unknown>>(sql).raw()
      return (...values) => statement.all(...values)
    },
    inTransaction: () => database.inTransaction,
    close: () => {
      database.close()
    }
  }
}

/** The library names result codes by their C constant, extended ones with a suffix: `SQLITE_IOERR_WRITE`. */
const kindOfName = (code: string): SqliteFailure["kind"] => {
  if (code.startsWith("SQLITE_BUSY")) return "busy"
  if (code.startsWith("SQLITE_FULL")) return "full"
  if (code === "SQLITE_IOERR_WRITE") return "write"
  if (code.startsWith("SQLITE_CONSTRAINT")) return "constraint"
  if (code.startsWith("SQLITE_CORRUPT")) return "corrupt"
  if (code.startsWith("SQLITE_NOTADB")) return "notADatabase"
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN")) return "place"
  return "other"
}

const makeDriver = (Library: Library): SqliteDriver => {
  // The binary is loaded with the first connection, not with the module.
  new Library(":memory:").close()
  return {
    name: "better-sqlite3",
    open: (options) => openWith(Library, options),
    failureOf: (thrown) =>
      thrown instanceof Library.SqliteError
        ? { kind: kindOfName(thrown.code), reason: `${thrown.message} (${thrown.code})` }
        : undefined
  }
}

/** Loads better-sqlite3. Fails with `NoSqlite` where it is not installed, or its binary is missing or for another Node. */
export const loadBetterSqlite3: Effect.Effect<SqliteDriver, NoSqlite> = Effect.tryPromise({
  try: async () => makeDriver((await importLibrary()).default),
  catch: (thrown) =>
    new NoSqlite({ wanted: "better-sqlite3", reason: thrown instanceof Error ? firstLine(thrown) : "unknown" })
})

const firstLine = ({ message }: Error): string => message.split("\n", 1)[0] ?? message
