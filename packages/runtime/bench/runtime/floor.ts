/**
 * Floors: what better-sqlite3 and the disk give without the runtime. The rows are those that the runtime wrote, read back from
 * its journal, so that tables, columns, indexes and bytes are the same whatever the format is.
 */
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import Database from "better-sqlite3"
import { Effect, Layer } from "effect"
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"
import { inFolder, rateOf } from "@stopcopy/workbench"
import { floorTransactionRows, syncBytes, syncs } from "./sizes.ts"

/** The tables that a command writes to, in the order in which it does. */
type Table = "batch" | "record"

/** A row of one table: its values in the order of the columns. */
interface BareRow {
  readonly table: Table
  readonly values: ReadonlyArray<unknown>
}

/** The rows of a journal: streams, and the others in the order in which they were written. */
export interface BareRows {
  readonly commands: number
  readonly streams: ReadonlyArray<ReadonlyArray<unknown>>
  readonly rows: ReadonlyArray<BareRow>
}

const rowsOf = (database: Database.Database, table: string): ReadonlyArray<ReadonlyArray<unknown>> =>
  database.prepare<[], ReadonlyArray<unknown>>(`SELECT * FROM ${table} ORDER BY rowid`).raw().all()

const batchOf = (database: Database.Database): ReadonlyArray<number> =>
  database.prepare<[], number>("SELECT batch FROM record ORDER BY rowid").pluck().all()

/** Reads every row of the journal in `file`. */
export const readRows = (file: string): BareRows => {
  const database = new Database(file, { readonly: true })
  const batches = rowsOf(database, "batch")
  const records = rowsOf(database, "record")
  const batchOfRecord = batchOf(database)
  const rows: Array<BareRow> = []
  let next = 0
  for (const values of batches) {
    rows.push({ table: "batch", values })
    for (; batchOfRecord[next] === values[0]; next++) rows.push({ table: "record", values: records[next] ?? [] })
  }
  const streams = rowsOf(database, "stream")
  database.close()
  return { commands: batches.length, streams, rows }
}

const insertInto = (database: Database.Database, table: string): Database.Statement<Array<unknown>> => {
  const columns = database.prepare(`SELECT * FROM ${table}`).columns().length
  return database.prepare<Array<unknown>>(`INSERT INTO ${table} VALUES (${Array(columns).fill("?").join(", ")})`)
}

/** One prepared statement a row, nothing else. */
const insertAll = (database: Database.Database, rows: ReadonlyArray<BareRow>): void => {
  const statements = { batch: insertInto(database, "batch"), record: insertInto(database, "record") }
  const begin = database.prepare("BEGIN IMMEDIATE")
  const commit = database.prepare("COMMIT")
  let inTransaction = 0
  for (const { table, values } of rows) {
    if (inTransaction === 0) begin.run()
    statements[table].run(...values)
    inTransaction = (inTransaction + 1) % floorTransactionRows
    if (inTransaction === 0) commit.run()
  }
  if (inTransaction > 0) commit.run()
}

/** Commands per second whose rows are inserted bare at synchronous FULL. */
export const insertRate = ({ commands, rows, streams }: BareRows) =>
  inFolder((file) =>
    Effect.gen(function* () {
      yield* Effect.scoped(Layer.build(layerSqlite({ file })))
      const database = new Database(file)
      database.exec("PRAGMA synchronous = FULL")
      const stream = insertInto(database, "stream")
      database.transaction(() => streams.forEach((values) => stream.run(...values)))()
      const rate = yield* rateOf(
        commands,
        Effect.sync(() => insertAll(database, rows))
      )
      database.close()
      return rate
    })
  )

/** Writes of one page, each carried to the disk, in a second. */
export const syncRate = inFolder((file) =>
  rateOf(
    syncs,
    Effect.sync(() => {
      const descriptor = openSync(file, "w")
      const page = new Uint8Array(syncBytes)
      for (let index = 0; index < syncs; index++) {
        writeSync(descriptor, page)
        fsyncSync(descriptor)
      }
      closeSync(descriptor)
    })
  )
)
