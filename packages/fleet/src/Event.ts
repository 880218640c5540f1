/** What happens to a fleet. Events are facts; a field is only ever added, with a default. */
import { DeviceChange, PfDescription } from "@stopcopy/agent"
import { Schema } from "effect"
import { Time } from "./Host.ts"
import { Move, Order, Outcome } from "./Migration.ts"
import { Policy } from "./Policy.ts"
import { Staying } from "./State.ts"

const pfOrHost = { host: Schema.String, pf: Schema.NullOr(Schema.String) }

export const FleetEvent = Schema.Union(
  Schema.TaggedStruct("PolicySet", { policy: Policy }),
  Schema.TaggedStruct("HostRegistered", { host: Schema.String, address: Schema.String, at: Time }),
  /** What was known of it is forgotten, its groups and breakers too. */
  Schema.TaggedStruct("HostRemoved", { host: Schema.String }),
  Schema.TaggedStruct("HostDescribed", { host: Schema.String, pfs: Schema.Array(PfDescription), at: Time }),
  Schema.TaggedStruct("DeviceNoted", { host: Schema.String, change: DeviceChange }),
  Schema.TaggedStruct("HealthNoted", {
    host: Schema.String,
    reachable: Schema.Boolean,
    reason: Schema.String,
    at: Time
  }),
  Schema.TaggedStruct("Cordoned", {
    ...pfOrHost,
    reason: Schema.String,
    evacuation: Schema.NullOr(Schema.String),
    at: Time
  }),
  Schema.TaggedStruct("Uncordoned", pfOrHost),
  Schema.TaggedStruct("GroupDefined", {
    group: Schema.String,
    host: Schema.String,
    devices: Schema.Array(Schema.String)
  }),
  Schema.TaggedStruct("GroupRemoved", { group: Schema.String }),
  /** Source and destination VFs are reserved from here on. */
  Schema.TaggedStruct("MigrationQueued", { order: Order }),
  /** It goes elsewhere: other VFs are reserved now. */
  Schema.TaggedStruct("MigrationRedirected", {
    migration: Schema.String,
    to: Schema.String,
    moves: Schema.Array(Move)
  }),
  Schema.TaggedStruct("MigrationStarted", { migration: Schema.String, attempt: Schema.Int, at: Time }),
  Schema.TaggedStruct("CancelRequested", { migration: Schema.String }),
  /** This attempt failed, and there will be another one. */
  Schema.TaggedStruct("RetryScheduled", { migration: Schema.String, reason: Schema.String, retryAt: Time }),
  /** Its pause is over: it is in the queue again. */
  Schema.TaggedStruct("RetryDue", { migration: Schema.String }),
  Schema.TaggedStruct("MigrationFinished", { migration: Schema.String, outcome: Outcome, at: Time }),
  /** `until`: nothing is started before this; none while the breaker is closed. */
  Schema.TaggedStruct("PairFailed", {
    from: Schema.String,
    to: Schema.String,
    failures: Schema.Int,
    reason: Schema.String,
    opened: Schema.Int,
    until: Schema.NullOr(Time)
  }),
  Schema.TaggedStruct("PairRecovered", { from: Schema.String, to: Schema.String }),
  Schema.TaggedStruct("EvacuationStarted", {
    evacuation: Schema.String,
    ...pfOrHost,
    at: Time,
    moves: Schema.Int,
    refused: Schema.Array(Staying),
    willStop: Schema.Array(Staying),
    /** VFs that nobody has. */
    idle: Schema.optionalWith(Schema.Int, { default: () => 0 })
  }),
  Schema.TaggedStruct("EvacuationCancelled", { evacuation: Schema.String }),
  Schema.TaggedStruct("EvacuationFinished", { evacuation: Schema.String, at: Time })
)
export type FleetEvent = typeof FleetEvent.Type
export type EventOf<Tag extends FleetEvent["_tag"]> = Extract<FleetEvent, { readonly _tag: Tag }>
