/** What `@stopcopy/runtime` offers. Runs in a browser too; SQLite is in `@stopcopy/runtime/sqlite`. */
export type { Actor, AskOptions, Bound } from "./Actor.ts"
export { ActorSystem } from "./ActorSystem.ts"
export type { ActorOptions } from "./Kind.ts"
export * as Behavior from "./Behavior.ts"
export * as Compaction from "./Compaction.ts"
export { currentContext, reacting, withCausation, withCorrelation } from "./Correlation.ts"
export type { Cursor } from "./Cursor.ts"
export { deciderOf } from "./Decider.ts"
export type { Decider } from "./Decider.ts"
export type {
  BatchContext,
  LazyText,
  Payload,
  Durability,
  Envelope,
  SealedBatch,
  StoredBatch,
  StoredCommand,
  StoredRecord,
  StreamIdentity
} from "./Envelope.ts"
export { eventsOf } from "./Envelope.ts"
export {
  baseType,
  encodings,
  formatVersion,
  keptSnapshots,
  maxBatchRecords,
  maxNameLength,
  maxPayloadBytes,
  maxRunEntries,
  pageRecords,
  timedPrefixBytes
} from "./Envelope.ts"
export { maxGroupBatches, maxGroupBytes, maxQueuedBatches, maxQueuedBytes } from "./GroupCommit.ts"
export { Journal, make as makeJournal } from "./Journal.ts"
export type { JournalOptions } from "./Journal.ts"
export type * from "./JournalDriver.ts"
export * from "./JournalError.ts"
export * as Now from "./Now.ts"
export * as Operation from "./Operation.ts"
export type { DecidedEvent } from "./Redecide.ts"
export * as Supervision from "./Supervision.ts"
export * as Replay from "./Replay.ts"
export { fullTapeBytes, maxTapeBatchEntries, maxTapeBytes, maxTapeEntryBytes } from "./Tape.ts"
export type { Tape, TapeIdentity, Tapes } from "./Tape.ts"
export * from "./spool/SpoolError.ts"
export * from "./TapeError.ts"
export { TapeRun } from "./TapeRun.ts"
export * as Verify from "./Verify.ts"
