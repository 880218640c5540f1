/**
 * What can go wrong with a journal. Every error is a value with the fields of the mismatch; the message is computed from them.
 *
 * `retryable` says what a caller should do: true means that the identical call may succeed later and that nothing of the
 * failed one was kept; false means that only an operator, or another program version, can help.
 */
import { Schema } from "effect"

/**
 * The append was decided on another version than the stream has: `expected` is that version. Either another writer was faster, and `actual` is the
 * stream's version; or an append that this one was decided on was refused, and `actual` is the version that that one was decided on.
 */
export class VersionConflict extends Schema.TaggedError<VersionConflict>()("VersionConflict", {
  stream: Schema.String,
  expected: Schema.Int,
  actual: Schema.Int
}) {
  readonly retryable = true
  override get message(): string {
    return `stream ${this.stream} is at version ${this.actual}, not ${this.expected}: another writer appended to it, or what this was decided on was refused; ask again`
  }
}

/** The append exceeds a limit of `Envelope.ts`; nothing was kept. */
export class AppendTooLarge extends Schema.TaggedError<AppendTooLarge>()("AppendTooLarge", {
  what: Schema.String,
  actual: Schema.Int,
  limit: Schema.Int
}) {
  readonly retryable = false
  override get message(): string {
    return `${this.what} is ${this.actual}, the limit is ${this.limit}: split what is appended`
  }
}

/** No space is left where the journal lives. Nothing acknowledged is lost; appends go on when there is space again. */
export class JournalFull extends Schema.TaggedError<JournalFull>()("JournalFull", { journal: Schema.String }) {
  readonly retryable = true
  override get message(): string {
    return `no space is left for journal ${this.journal}: free some space; what was acknowledged is kept`
  }
}

/** The storage did not do what it was told: locked by another process, an I/O error, closed. */
export class JournalUnavailable extends Schema.TaggedError<JournalUnavailable>()("JournalUnavailable", {
  journal: Schema.String,
  reason: Schema.String
}) {
  readonly retryable = true
  override get message(): string {
    return `journal ${this.journal} is not available: ${this.reason}`
  }
}

/** The journal was opened for reading only. */
export class JournalReadOnly extends Schema.TaggedError<JournalReadOnly>()("JournalReadOnly", {
  journal: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `journal ${this.journal} is open for reading only: open it without readOnly to append`
  }
}

/** The journal is not what was written: `batch` is the first bad one, `lastGood` the last before it (0: none). */
export class JournalDamaged extends Schema.TaggedError<JournalDamaged>()("JournalDamaged", {
  journal: Schema.String,
  batch: Schema.Int,
  lastGood: Schema.Int,
  difference: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    const good = this.lastGood === 0 ? "no good batch is before it" : `the last good batch is ${this.lastGood}`
    return `journal ${this.journal} is damaged at batch ${this.batch}: ${this.difference}; ${good}`
  }
}

/** There is nothing at the path of a journal that should be read. */
export class NoSuchJournal extends Schema.TaggedError<NoSuchJournal>()("NoSuchJournal", { journal: Schema.String }) {
  readonly retryable = false
  override get message(): string {
    return `there is no journal at ${this.journal}: check the path`
  }
}

/** The file is something else. */
export class NotAJournal extends Schema.TaggedError<NotAJournal>()("NotAJournal", {
  journal: Schema.String,
  reason: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `${this.journal} is not a journal of Stopcopy: ${this.reason}`
  }
}

/** The journal was written by a later release. */
export class NewerFormat extends Schema.TaggedError<NewerFormat>()("NewerFormat", {
  journal: Schema.String,
  format: Schema.Int,
  supported: Schema.Int
}) {
  readonly retryable = false
  override get message(): string {
    return `journal ${this.journal} has format ${this.format}, this release reads up to ${this.supported}: use a newer release`
  }
}

/** An event cannot be read as its behavior's schema says. */
export class UndecodableEvent extends Schema.TaggedError<UndecodableEvent>()("UndecodableEvent", {
  sequence: Schema.Int,
  stream: Schema.String,
  type: Schema.String,
  reason: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `event ${this.sequence} (${this.type} of ${this.stream}) cannot be decoded: ${this.reason}`
  }
}

/** An event's payload was removed on purpose: a state that needs it cannot be computed. */
export class RedactedEvent extends Schema.TaggedError<RedactedEvent>()("RedactedEvent", {
  sequence: Schema.Int,
  stream: Schema.String,
  type: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `event ${this.sequence} (${this.type} of ${this.stream}) is redacted: use a journal that has its payload`
  }
}

/** An event belongs to a behavior that the reader was not given. */
export class UnknownBehavior extends Schema.TaggedError<UnknownBehavior>()("UnknownBehavior", {
  sequence: Schema.Int,
  stream: Schema.String,
  behavior: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    const what = this.sequence === 0 ? `stream ${this.stream}` : `event ${this.sequence} of ${this.stream}`
    return `${what} belongs to behavior ${this.behavior}, which is not registered here`
  }
}

/** The journal has no such stream. */
export class NoSuchStream extends Schema.TaggedError<NoSuchStream>()("NoSuchStream", {
  journal: Schema.String,
  stream: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `journal ${this.journal} has no stream ${this.stream}: check its name`
  }
}

/** A prefix of the history cannot be removed: these streams have no base event behind it that stands for it. */
export class HistoryNeeded extends Schema.TaggedError<HistoryNeeded>()("HistoryNeeded", {
  journal: Schema.String,
  batch: Schema.Int,
  stream: Schema.String
}) {
  readonly retryable = false
  override get message(): string {
    return `journal ${this.journal} needs what is before batch ${this.batch}: stream ${this.stream} has no base event from there on; compact it first`
  }
}

/** Why one append of a group is refused; it kept nothing. */
export type RefusedAppend = VersionConflict | AppendTooLarge

/** Why a whole group, or a sync, failed. */
export type CommitError = JournalFull | JournalUnavailable | JournalReadOnly

/** What an append may answer. */
export type AppendError = RefusedAppend | CommitError

/** What reading stored records may answer. */
export type ReadError = JournalUnavailable | JournalDamaged

/** What removing parts of the history may answer. */
export type MaintenanceError = CommitError | JournalDamaged | HistoryNeeded

/** What reading a record as an event of its behavior may answer. */
export type DecodeError = UndecodableEvent | RedactedEvent

/** What an actor may answer besides its own refusals. */
export type JournalError = AppendError | ReadError | DecodeError
