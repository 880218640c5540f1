/** What may be asked of a migration: by people, and by the interpreter that tells how a step ended. Times are microseconds since 1970. */
import { HostDescription } from "@stopcopy/agent"
import { Schema } from "effect"
import { Downtime, Moved } from "./Downtime.ts"
import { Difference, Failure } from "./Failure.ts"
import { Order, Side } from "./Order.ts"
import { Step } from "./Step.ts"

const sides = { source: HostDescription, destination: HostDescription }

/** What a step gave. */
export const Outcome = Schema.Union(
  Schema.TaggedStruct("Plain", {}),
  Schema.TaggedStruct("Inspected", sides),
  /** The same on fresh data, the bytes that STOP_COPY will yield, and the downtimes of migrations before this one. */
  Schema.TaggedStruct("Judged", {
    ...sides,
    bytes: Schema.NonNegativeInt,
    history: Schema.Array(Downtime)
  }),
  Schema.TaggedStruct("Moved", Moved.fields),
  /** The digests of the source's devices, and the first difference if there is one. */
  Schema.TaggedStruct("Compared", { digests: Schema.Array(Schema.String), difference: Schema.NullOr(Difference) })
)
export type Outcome = typeof Outcome.Type

export const MigrationCommand = Schema.Union(
  Schema.TaggedStruct("Submit", { order: Order }),
  Schema.TaggedStruct("Start", {}),
  Schema.TaggedStruct("ReportDone", { step: Step, began: Schema.Int, ended: Schema.Int, outcome: Outcome }),
  Schema.TaggedStruct("ReportFailed", { step: Step, failure: Failure }),
  Schema.TaggedStruct("Cancel", { reason: Schema.String }),
  /** An operator says which side has the guest, and vouches for the other one. */
  Schema.TaggedStruct("Resolve", { verdict: Side, by: Schema.NonEmptyString }),
  /** It is that late: asked when a coordinator comes back, and when the guest has been standing still for as long as it may. */
  Schema.TaggedStruct("CheckClock", { at: Schema.Int })
)
export type MigrationCommand = typeof MigrationCommand.Type
export type Command<Tag extends MigrationCommand["_tag"]> = Extract<MigrationCommand, { readonly _tag: Tag }>
