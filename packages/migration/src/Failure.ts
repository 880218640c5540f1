/** Why a step failed, and why a migration went back, as they are recorded. */
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { Forecast } from "./Downtime.ts"
import { Side } from "./Order.ts"
import { Step } from "./Step.ts"

/** How a call on one device, or on a host, ended badly when all tries were used up. */
export const Failure = Schema.Struct({
  /** The tag of the error: `AgentUnreachable`, `StaleEpoch`, `EINVAL`. */
  code: Schema.NonEmptyString,
  message: Schema.String,
  side: Side,
  /** None: the call was about the host. */
  device: Schema.NullOr(Schema.String),
  refusal: Schema.NullOr(Refusal)
})
export type Failure = typeof Failure.Type

/** Where the two sides of a device differ after the load. */
export const Difference = Schema.Struct({
  device: Schema.String,
  /** `section.name` */
  field: Schema.String,
  source: Schema.String,
  destination: Schema.String
})
export type Difference = typeof Difference.Type

/** Why a migration did not go on. */
export const Cause = Schema.Union(
  Schema.TaggedStruct("CancelAsked", { reason: Schema.String }),
  Schema.TaggedStruct("StepFailed", { step: Step, failure: Failure }),
  /** On fresh data the two sides do not fit any more. */
  Schema.TaggedStruct("Blocked", { blockers: Schema.Array(Refusal) }),
  Schema.TaggedStruct("Differs", Difference.fields),
  Schema.TaggedStruct("OverForecast", { forecast: Forecast, limitMillis: Schema.Int }),
  /** The guest stood still for longer than allowed, and nothing was committed. */
  Schema.TaggedStruct("StoodTooLong", { millis: Schema.Int, limitMillis: Schema.Int }),
  /** An operator gave the guest back to the source. */
  Schema.TaggedStruct("Resolved", { by: Schema.String })
)
export type Cause = typeof Cause.Type

/** What `Migration` answers instead of doing what was asked. */
export class MigrationDenied extends Schema.TaggedError<MigrationDenied>()("MigrationDenied", { refusal: Refusal }) {
  override get message(): string {
    const { destination, remedy, rule, source, where } = this.refusal
    return `${where}: ${rule} (asked: ${source}, is: ${destination}); ${remedy}`
  }
}
