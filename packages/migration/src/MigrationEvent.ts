/** What can happen to a migration. Lanes stand in the events that open them: a replay does not depend on the scripts of a later release. */
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { Downtime, Forecast, Worked } from "./Downtime.ts"
import { Cause, Failure } from "./Failure.ts"
import { GroupEpochs } from "./GroupEpochs.ts"
import { Lane, Moving } from "./MigrationState.ts"
import { Order, Side } from "./Order.ts"
import { Phase, Step } from "./Step.ts"

export const MigrationEvent = Schema.Union(
  Schema.TaggedStruct("Queued", { order: Order }),
  Schema.TaggedStruct("Started", { lanes: Schema.Array(Lane) }),
  /** Nothing speaks against it: the group with its epochs. */
  Schema.TaggedStruct("Accepted", { epochs: GroupEpochs, group: Schema.Array(Moving) }),
  /** Nothing was touched. */
  Schema.TaggedStruct("Refused", { blockers: Schema.Array(Refusal) }),
  /** The first step of its lane was done on every device. */
  Schema.TaggedStruct("StepDone", Worked.fields),
  Schema.TaggedStruct("Forecasted", { forecast: Forecast }),
  /** The forecast does not fit; the source runs on. */
  Schema.TaggedStruct("Deferred", { forecast: Forecast, at: Schema.Int }),
  /** Both sides have the same state, with these digests. */
  Schema.TaggedStruct("Agreed", { digests: Schema.Array(Schema.String) }),
  /** No way back: the destination has the guest. *Durable.* */
  Schema.TaggedStruct("Committed", {}),
  /** Back to the source. */
  Schema.TaggedStruct("TurnedBack", { cause: Cause, phase: Phase, lanes: Schema.Array(Lane) }),
  Schema.TaggedStruct("Doubted", { step: Step, failure: Failure }),
  Schema.TaggedStruct("StepSkipped", { step: Step, failure: Failure }),
  Schema.TaggedStruct("Resolved", {
    verdict: Side,
    by: Schema.String,
    vouched: Schema.Array(Side),
    lanes: Schema.Array(Lane)
  }),
  Schema.TaggedStruct("Ended", { phase: Phase, downtime: Schema.NullOr(Downtime) })
)
export type MigrationEvent = typeof MigrationEvent.Type
