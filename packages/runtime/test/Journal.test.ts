/** The contract suite over every journal layer this Node has. */
import { Journal } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import type { SqliteDriverName } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { missing, temporaryFile } from "./files.ts"
import { contract } from "./journal.contract.ts"

contract("the journal in memory", Journal.layerMemory)

const layerOf = (driver: SqliteDriverName, spool = false) =>
  Layer.unwrapScoped(Effect.map(temporaryFile, (file) => layerSqlite({ file, driver, spool })))

for (const driver of ["better-sqlite3", "node:sqlite"] as const) {
  contract(`the journal in SQLite through ${driver}`, layerOf(driver), await missing(driver))
  contract(`the journal in SQLite with a spool through ${driver}`, layerOf(driver, true), await missing(driver))
}
