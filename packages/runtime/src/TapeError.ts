/** What can go wrong with a tape, besides what `JournalError.ts` has. None of it goes away by itself; nothing was changed on the disk. */
import { Schema } from "effect"
import type { JournalFull, JournalUnavailable, NewerFormat } from "./JournalError.ts"

/** The tape is not what was written. It is damaged at byte `offset`; version `lastGood` is the last before it (0: none). */
export class TapeDamaged extends Schema.TaggedError<TapeDamaged>()("TapeDamaged", {
  tape: Schema.String,
  offset: Schema.Int,
  lastGood: Schema.Int,
  difference: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    const good =
      this.lastGood === 0
        ? "no good entry is before it: move the tape away to go on without it"
        : `the last good version is ${this.lastGood}: keep a copy and cut the tape off at that byte to go on from there`
    return `tape ${this.tape} is damaged at byte ${this.offset}: ${this.difference}; ${good}`
  }
}

/** The tape is whole, but of another journal or stream, or holds entries of another type or version of the behavior. */
export class TapeMismatch extends Schema.TaggedError<TapeMismatch>()("TapeMismatch", {
  tape: Schema.String,
  what: Schema.String,
  expected: Schema.String,
  actual: Schema.String,
  remedy: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `tape ${this.tape} has ${this.what} ${this.actual}, not ${this.expected}: ${this.remedy}`
  }
}

/** What opening or reading back a tape may answer. */
export type TapeError = TapeDamaged | TapeMismatch | NewerFormat | JournalFull | JournalUnavailable
