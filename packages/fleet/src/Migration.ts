/** One migration as the fleet sees it: a group of VFs that goes from one host to another. What happens inside it is its own decider's. */
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { keyOf, Time } from "./Host.ts"

/** One VF of the group: where it is and where it goes, both by name on their host. */
export const Move = Schema.Struct({
  source: Schema.String,
  sourcePf: Schema.String,
  destination: Schema.String,
  destinationPf: Schema.String
})
export type Move = typeof Move.Type

/** What is to be done, settled when it is queued. */
export const Order = Schema.Struct({
  /** Given by the caller; the correlation id of everything that belongs to the migration. */
  id: Schema.String,
  /** All devices of one VM, by a name. */
  group: Schema.String,
  from: Schema.String,
  to: Schema.String,
  moves: Schema.Array(Move),
  /** 0 to 9; 9 goes first. */
  priority: Schema.Int,
  downtimeLimitMs: Schema.Finite,
  /** The evacuation that it belongs to. */
  evacuation: Schema.NullOr(Schema.String),
  queuedAt: Time
})
export type Order = typeof Order.Type

/** The greatest priority. */
export const topPriority = 9

/** Parts of a downtime, one after the other. */
export const causes = ["drain", "stop", "save", "transfer", "load", "verify", "vote", "commit", "resume"] as const
export const Cause = Schema.Literal(...causes)
export type Cause = typeof Cause.Type

/**
 * How one attempt ended. `retryable`: nothing is in doubt, and another attempt may go better. `ofPair`: false if it was a limit of its own that it did not keep, which
 * says nothing of the two hosts. Times in milliseconds.
 */
export const Outcome = Schema.Union(
  Schema.TaggedStruct("Completed", {
    durationMs: Schema.Finite,
    downtimeMs: Schema.Finite,
    split: Schema.Array(Schema.Tuple(Cause, Schema.Finite))
  }),
  Schema.TaggedStruct("Failed", {
    reason: Schema.String,
    retryable: Schema.Boolean,
    ofPair: Schema.optionalWith(Schema.Boolean, { exact: true })
  }),
  Schema.TaggedStruct("Cancelled", { reason: Schema.String }),
  /** Nothing was touched. */
  Schema.TaggedStruct("Refused", { refusals: Schema.NonEmptyArray(Refusal) })
)
export type Outcome = typeof Outcome.Type

/** A migration that is not finished. */
export const Migration = Schema.Struct({
  ...Order.fields,
  /** `queued` may start when there is room; `retrying` waits for `retryAt`; `running` was given out to be carried out. */
  phase: Schema.Literal("queued", "retrying", "running"),
  /** The number of the attempt that runs, or of the last one that did; 0 before the first. */
  attempt: Schema.Int,
  retryAt: Schema.NullOr(Time),
  /** Whether somebody wants it to end. */
  cancelling: Schema.Boolean,
  /** Why the last attempt failed. */
  lastReason: Schema.NullOr(Schema.String)
})
export type Migration = typeof Migration.Type

/** What is left of a migration when it is finished. */
export const Finished = Schema.Struct({
  id: Schema.String,
  group: Schema.String,
  from: Schema.String,
  to: Schema.String,
  evacuation: Schema.NullOr(Schema.String),
  outcome: Schema.Literal("completed", "failed", "cancelled", "refused"),
  /** In one line; empty if it completed. */
  reason: Schema.String,
  /** Left out by releases that did not keep it. */
  priority: Schema.optionalWith(Schema.Int, { exact: true }),
  attempts: Schema.Int,
  queuedAt: Time,
  finishedAt: Time,
  downtimeMs: Schema.NullOr(Schema.Finite)
})
export type Finished = typeof Finished.Type

/** Hosts and PFs that a migration loads, each once. */
export const pfsOf = ({ from, moves, to }: Pick<Order, "from" | "moves" | "to">): ReadonlyArray<string> =>
  [...new Set(moves.flatMap(({ destinationPf, sourcePf }) => [keyOf(from, sourcePf), keyOf(to, destinationPf)]))].sort()

/** VFs that a migration holds, sources and destinations. */
export const vfsOf = ({ from, moves, to }: Order): ReadonlyArray<string> =>
  moves.flatMap(({ destination, source }) => [keyOf(from, source), keyOf(to, destination)])
