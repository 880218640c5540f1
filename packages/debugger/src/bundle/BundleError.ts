/** Why a bundle cannot be opened or made. Every message is one line that names the value and the remedy. */
import { Schema } from "effect"

/** The bytes are something else. */
export class NotABundle extends Schema.TaggedError<NotABundle>()("NotABundle", {
  bundle: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.bundle} is not a bundle of Stopcopy: ${this.reason}`
  }
}

/** The bundle was made by a later release. */
export class NewerBundle extends Schema.TaggedError<NewerBundle>()("NewerBundle", {
  bundle: Schema.String,
  version: Schema.Int,
  supported: Schema.Int
}) {
  override get message(): string {
    return `bundle ${this.bundle} has version ${this.version}, this release reads up to ${this.supported}: use a newer release`
  }
}

/** The bundle is not what was made: `line` is the first bad one, counted from 1 in the unpacked text. */
export class BundleDamaged extends Schema.TaggedError<BundleDamaged>()("BundleDamaged", {
  bundle: Schema.String,
  line: Schema.Int,
  difference: Schema.String
}) {
  override get message(): string {
    return `bundle ${this.bundle} is damaged at line ${this.line}: ${this.difference}; get another copy of it`
  }
}

/** Unpacked, the bundle is larger than the reader allows; `limit` in bytes. */
export class BundleTooLarge extends Schema.TaggedError<BundleTooLarge>()("BundleTooLarge", {
  bundle: Schema.String,
  limit: Schema.Int
}) {
  override get message(): string {
    return `bundle ${this.bundle} is larger than ${this.limit} bytes when unpacked: make one of a single correlation id`
  }
}

/** None of the journals has a batch of this correlation id. */
export class NoSuchCorrelation extends Schema.TaggedError<NoSuchCorrelation>()("NoSuchCorrelation", {
  correlation: Schema.String,
  journals: Schema.String
}) {
  override get message(): string {
    return `nothing in ${this.journals} has the correlation id ${this.correlation}: check the id`
  }
}

/** The name of a field to be redacted is none. */
export class BadField extends Schema.TaggedError<BadField>()("BadField", { field: Schema.String }) {
  override get message(): string {
    return `'${this.field}' names no field to redact: give a name, or a path such as key.secret or slas.*.cir`
  }
}

/** Why a bundle cannot be opened. */
export type OpenBundleError = NotABundle | NewerBundle | BundleDamaged | BundleTooLarge
