/**
 * Emmett's interface of a connection over better-sqlite3, with statements prepared once and WAL at synchronous FULL, as its own binding has it.
 * It favours Emmett: its own binding prepares every statement again and does every call on another thread.
 */
import Database from "better-sqlite3"
import type { Connection, Values } from "./emmettLibrary.ts"

/** Its binding takes any value; booleans as numbers, other objects as their text. */
const bound = (value: unknown): unknown => {
  if (typeof value === "boolean") return value ? 1 : 0
  return typeof value === "object" && value !== null ? String(value) : value
}

/** Transactions in each other's are one, as in Emmett's own connection. */
const transactions = (run: (sql: string) => void): Connection["withTransaction"] => {
  let depth = 0
  return async (use) => {
    depth += 1
    if (depth === 1) run("BEGIN IMMEDIATE TRANSACTION")
    try {
      const result = await use()
      if (depth === 1) run("COMMIT")
      return result
    } catch (thrown) {
      if (depth === 1) run("ROLLBACK")
      throw thrown
    } finally {
      depth -= 1
    }
  }
}

/** A connection to `file`. */
export const connectTo = (file: string): Connection => {
  const database = new Database(file)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  const prepared = new Map<string, Database.Statement<Array<unknown>>>()
  const statement = (sql: string) => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const made = database.prepare<Array<unknown>>(sql)
    prepared.set(sql, made)
    return made
  }
  const values = (given: Values = []) => given.map(bound)
  return {
    close: () => void database.close(),
    command: async (sql, given) => statement(sql).run(...values(given)),
    batchCommand: async (sqls) => sqls.forEach((sql) => database.exec(sql)),
    query: async (sql, given) => statement(sql).all(...values(given)),
    querySingle: async (sql, given) => statement(sql).get(...values(given)) ?? null,
    withTransaction: transactions((sql) => void statement(sql).run())
  }
}
