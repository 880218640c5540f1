/**
 * Why an operation was refused: the part that a bare errno throws away. Source: `docs/architecture.md`.
 * The wire carries the number alone; people, logs and journals get this beside it.
 */
import { Schema } from "effect"

/**
 * `code` is stable across releases and safe to match on; everything else is for people.
 * For a comparison `source` is the value that arrived and `destination` the value it was held against.
 */
export const Refusal = Schema.Struct({
  /** Dotted, lower case, never reused for another rule: `mstate.gencap.superset`. */
  code: Schema.NonEmptyString,
  /** The rule in one sentence. */
  rule: Schema.String,
  /** Which section, field, arc or argument. */
  where: Schema.String,
  source: Schema.String,
  destination: Schema.String,
  /** What to do about it, in one sentence. */
  remedy: Schema.String
})
export type Refusal = typeof Refusal.Type

/** The refusal in one line, as error messages and command lines print it. Total. */
export const describe = (refusal: Refusal): string =>
  `${refusal.where}: ${refusal.rule} (source ${refusal.source}, destination ${refusal.destination}); ${refusal.remedy} [${refusal.code}]`
