/**
 * What somebody asks for: all VFs of one virtual machine, from one host to another, and how long the guest may stand still. Source:
 * `docs/architecture.md`, "The way of one migration".
 */
import { Schema } from "effect"

/** One of the two sides of a migration. */
export const Side = Schema.Literal("source", "destination")
export type Side = typeof Side.Type

export const otherSide = (side: Side): Side => (side === "source" ? "destination" : "source")

/** One VF of the group, by its name on either host: `pf0/vf1`. */
export const Member = Schema.Struct({ source: Schema.NonEmptyString, destination: Schema.NonEmptyString })
export type Member = typeof Member.Type

const Millis = Schema.Int.pipe(Schema.positive())

/** How long the guest may stand still, and what is done when the forecast says that it will be longer. */
export const Limits = Schema.Struct({
  downtimeMillis: Millis,
  /** `Abort`: back to the source at once. `Wait`: the source runs on in pre-copy; back to the source after `millis`. */
  whenOver: Schema.Union(Schema.TaggedStruct("Abort", {}), Schema.TaggedStruct("Wait", { millis: Millis }))
})
export type Limits = typeof Limits.Type

/** One migration: a group of VFs with one commit and one epoch. */
export const Order = Schema.Struct({
  /** Names of the hosts, as whoever provides `Agents` knows them. */
  source: Schema.NonEmptyString,
  destination: Schema.NonEmptyString,
  members: Schema.NonEmptyArray(Member),
  limits: Limits
})
export type Order = typeof Order.Type
