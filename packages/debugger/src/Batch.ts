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

/** A command that is decoded when somebody looks at it. */
class LazyCommand implements BatchCommand {
  readonly stored: StoredCommand
  private readonly known: Known
  private readonly behavior: string
  private read: BatchCommand["command"] | undefined

  constructor(known: Known, stored: StoredCommand, behavior: string) {
    this.known = known
    this.stored = stored
    this.behavior = behavior
  }

  get command(): BatchCommand["command"] {
    return (this.read ??= this.decoded())
  }

  private decoded(): BatchCommand["command"] {
    const found = this.known.registry.get(this.behavior)
    return found === undefined
      ? Either.left(`behavior ${this.behavior} is not registered here`)
      : found.decodeCommand(this.stored)
  }
}

const commandOf = (known: Known, { command, records }: SealedBatch): BatchCommand | null =>
  command === null ? null : new LazyCommand(known, command, actorBehavior(command.stream, records))

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
