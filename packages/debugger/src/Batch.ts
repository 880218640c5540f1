/** A batch for people: the command as it was sent, and the moments of what it led to. */
import { eventsOf } from "@stopcopy/runtime"
import type { BatchContext, Replay, SealedBatch, StoredCommand } from "@stopcopy/runtime"
import { Either } from "effect"
import type { Known } from "./Known.ts"
import { momentOf } from "./Moment.ts"
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

/** The name of the behavior that decided a batch: that of the actor's own stream, which is named after it. */
export const actorBehavior = (stream: string, records: SealedBatch["records"]): string =>
  records.find((record) => record.stream === stream)?.behavior ?? stream.split("/", 1)[0] ?? stream

const commandOf = ({ registry }: Known, { command, records }: SealedBatch): BatchCommand | null => {
  if (command === null) return null
  const behavior = actorBehavior(command.stream, records)
  const found = registry.get(behavior)
  const unknown = Either.left(`behavior ${behavior} is not registered here`)
  return { stored: command, command: found === undefined ? unknown : found.decodeCommand(command) }
}

/** A stored batch with its command and moments. Total. */
export const batchOf = (known: Known, source: Source, sealed: SealedBatch): Batch => ({
  source,
  batch: sealed.batch,
  time: sealed.time,
  correlation: sealed.correlation,
  causation: sealed.causation,
  command: commandOf(known, sealed),
  moments: sealed.records.flatMap((record) => eventsOf(record)).map((event) => momentOf(known, source, event))
})
