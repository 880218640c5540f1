/** What `@stopcopy/runtime` offers. Runs in a browser too; SQLite is in `@stopcopy/runtime/sqlite`. */
export type { Actor, AskOptions } from "./Actor.ts"
export { ActorSystem } from "./ActorSystem.ts"
export * as Behavior from "./Behavior.ts"
export { withCausation, withCorrelation } from "./Correlation.ts"
export type { Cursor } from "./Cursor.ts"
export type { BatchContext, Durability, Envelope, SealedBatch, StoredCommand, StoredRecord } from "./Envelope.ts"
export {
  encodings,
  formatVersion,
  maxBatchRecords,
  maxNameLength,
  maxPayloadBytes,
  maxRunEntries,
  pageRecords
} from "./Envelope.ts"
export { Journal } from "./Journal.ts"
export type * from "./JournalDriver.ts"
export * from "./JournalError.ts"
export * as Operation from "./Operation.ts"
export * as Replay from "./Replay.ts"
export * as Verify from "./Verify.ts"
