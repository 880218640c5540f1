/** What can be wrong with a spool, besides what `JournalError.ts` has. It does not go away by itself; nothing was changed on the disk. */
import { Schema } from "effect"
import type { JournalFull, JournalUnavailable, NewerFormat } from "../JournalError.ts"

/** The spool is not what was written for this journal, from byte `offset` on. Batch `lastGood` is the last before it (0: none). */
export class SpoolDamaged extends Schema.TaggedError<SpoolDamaged>()("SpoolDamaged", {
  spool: Schema.String,
  offset: Schema.Int,
  lastGood: Schema.Int,
  difference: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    const good =
      this.lastGood === 0
        ? "no good batch is before it: move the spool away to go on without it"
        : `the last good batch is ${this.lastGood}: keep a copy and cut the spool off at that byte to go on from there`
    return `spool ${this.spool} is damaged at byte ${this.offset}: ${this.difference}; ${good}`
  }
}

/** Batch `batch` of the spool is a command of `behavior` that cannot be decided again here. */
export class SpoolUndecided extends Schema.TaggedError<SpoolUndecided>()("SpoolUndecided", {
  spool: Schema.String,
  batch: Schema.Int,
  behavior: Schema.String,
  reason: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return (
      `spool ${this.spool}: batch ${this.batch} is a command of behavior ${this.behavior}, and ${this.reason}: ` +
      "open the journal once with the program and the release that wrote it"
    )
  }
}

/** What opening or reading back a spool may answer. */
export type SpoolError = SpoolDamaged | SpoolUndecided | NewerFormat | JournalFull | JournalUnavailable
