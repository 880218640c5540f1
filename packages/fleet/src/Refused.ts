/** How the fleet says no: what kind of no, and every reason at once, each with its rule, both values and what to do. */
import { describe, Refusal } from "@stopcopy/errno"
import { Schema } from "effect"

/**
 * - `invalid`: the request itself is wrong.
 * - `unknown`: it names something that is not there.
 * - `conflict`: it does not agree with the fleet as it is.
 * - `limit`: there is no more room.
 * - `unplaceable`: nothing in the fleet fits.
 */
export const RefusedKind = Schema.Literal("invalid", "unknown", "conflict", "limit", "unplaceable")
export type RefusedKind = typeof RefusedKind.Type

/** A command that changed nothing. */
export class FleetRefused extends Schema.TaggedError<FleetRefused>()("FleetRefused", {
  kind: RefusedKind,
  refusals: Schema.NonEmptyArray(Refusal)
}) {
  override get message(): string {
    return this.refusals.map(describe).join("\n")
  }
}

/** A refusal in one line. `source` is the value that was asked for, `destination` the one it was held against. */
export const because = (
  code: string,
  rule: string,
  where: string,
  source: string,
  destination: string,
  remedy: string
): Refusal => ({ code, rule, where, source, destination, remedy })

/** Nothing by this name. */
export const unknown = (what: string, name: string, remedy: string): Refusal =>
  because(`fleet.${what}.unknown`, `the ${what} must be known`, what, name, "not there", remedy)
