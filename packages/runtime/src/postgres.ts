/** The PostgreSQL layer of the journal: `@stopcopy/runtime/postgres`. For Node; nothing else of the runtime loads its client. */
export { maxStatementBytes } from "./postgres/Append.ts"
export { connectMillis, idleTransactionMillis, lockMillis } from "./postgres/Database.ts"
export { maxKnownStreams } from "./postgres/Known.ts"
export { defaultConnections, layerPostgres } from "./postgres/layer.ts"
export type { OpenError, PostgresOptions } from "./postgres/layer.ts"
