/** A batch for people: the command as it was sent, and the moments of what it led to. */
import type { BatchContext, Replay, StoredCommand } from "@stopcopy/runtime"
import type { Either } from "effect"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

export interface BatchCommand {
  readonly stored: StoredCommand
  /** The reason where it cannot be read: `redacted`, or what is wrong with it. */
  readonly command: Either.Either<Replay.Decoded, string>
}

export interface Batch extends BatchContext {
  readonly source: Source
  readonly batch: number
  /** Null for packed entries and base events, which are recorded without one. */
  readonly command: BatchCommand | null
  readonly moments: ReadonlyArray<Moment>
}
