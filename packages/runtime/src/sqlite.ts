/** The SQLite layer of the journal: `@stopcopy/runtime/sqlite`. For Node; nothing else of the runtime imports `node:` modules. */
export type { Row } from "./Rows.ts"
export { layerSqlite, layerSqliteWith } from "./sqlite/layer.ts"
export type { OpenError, SqliteFile, SqliteOptions } from "./sqlite/layer.ts"
export { tapesFolder } from "./sqlite/TakeIn.ts"
export { batchesInSpool } from "./sqlite/TakeInSpool.ts"
export { loadSqlite } from "./sqlite/load.ts"
export { NoSqlite } from "./sqlite/SqliteDriver.ts"
export type {
  OpenOptions,
  SqlValue,
  SqliteDatabase,
  SqliteDriver,
  SqliteDriverName,
  Statement
} from "./sqlite/SqliteDriver.ts"
