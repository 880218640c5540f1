/** What a fleet is told and asked. Time and chance enter as fields. */
import { DeviceChange, PfDescription } from "@stopcopy/agent"
import { Schema } from "effect"
import { Time } from "./Host.ts"
import { Outcome } from "./Migration.ts"
import { Policy } from "./Policy.ts"

const pfOrHost = { host: Schema.String, pf: Schema.NullOr(Schema.String) }

/** Where a group is to go. */
export const Destination = Schema.Struct({
  host: Schema.String,
  /** One VF for each device, in their order. None: the fleet chooses. */
  devices: Schema.NullOr(Schema.Array(Schema.String)),
  /** The caller says that a VMM that is attached to one of these VFs waits for this group. Otherwise such a VF is in use. */
  incoming: Schema.Boolean
})

export const FleetCommand = Schema.Union(
  Schema.TaggedStruct("SetPolicy", { policy: Policy }),
  /** `address` in any form that `Addresses.parse` of `@stopcopy/agent` reads. */
  Schema.TaggedStruct("RegisterHost", { host: Schema.String, address: Schema.String, at: Time }),
  Schema.TaggedStruct("RemoveHost", { host: Schema.String }),
  /** `name` is what the agent calls its host: it must be the host that is meant. */
  Schema.TaggedStruct("DescribeHost", {
    host: Schema.String,
    name: Schema.String,
    pfs: Schema.Array(PfDescription),
    at: Time
  }),
  /** One item of the agent's `Watch`. */
  Schema.TaggedStruct("NoteDevice", { host: Schema.String, change: DeviceChange }),
  Schema.TaggedStruct("NoteHealth", {
    host: Schema.String,
    reachable: Schema.Boolean,
    /** Why it does not answer. */
    reason: Schema.String,
    at: Time
  }),
  Schema.TaggedStruct("Cordon", { ...pfOrHost, reason: Schema.String, at: Time }),
  Schema.TaggedStruct("Uncordon", pfOrHost),
  /** Says which VFs belong to one VM. */
  Schema.TaggedStruct("DefineGroup", {
    group: Schema.String,
    host: Schema.String,
    devices: Schema.Array(Schema.String)
  }),
  Schema.TaggedStruct("RemoveGroup", { group: Schema.String }),
  Schema.TaggedStruct("Submit", {
    migration: Schema.String,
    group: Schema.String,
    from: Schema.String,
    /** None: those of the group as it was defined. */
    devices: Schema.NullOr(Schema.Array(Schema.String)),
    /** None: the fleet chooses the host too. */
    to: Schema.NullOr(Destination),
    priority: Schema.Finite,
    /** None: that of the policy. */
    downtimeLimitMs: Schema.NullOr(Schema.Finite),
    at: Time
  }),
  /** Chooses another destination for a migration that waits, because its own is gone, cordoned or paused. It keeps its place in the queue. */
  Schema.TaggedStruct("Redirect", {
    migration: Schema.String,
    /** None: the fleet chooses the host. */
    to: Schema.NullOr(Destination),
    at: Time
  }),
  /** Gives out what may start now. */
  Schema.TaggedStruct("Schedule", { at: Time }),
  /** What an attempt led to. `random` (from 0 to below 1) shortens the pause before the next one. May be told again. */
  Schema.TaggedStruct("End", {
    migration: Schema.String,
    attempt: Schema.Int,
    outcome: Outcome,
    random: Schema.Finite,
    at: Time
  }),
  Schema.TaggedStruct("Cancel", { migration: Schema.String, reason: Schema.String, at: Time }),
  /** Plans again on the state as it is, cordons, and queues all that can move. */
  Schema.TaggedStruct("Evacuate", { evacuation: Schema.String, ...pfOrHost, priority: Schema.Finite, at: Time }),
  Schema.TaggedStruct("CancelEvacuation", { evacuation: Schema.String, at: Time })
)
export type FleetCommand = typeof FleetCommand.Type
export type CommandOf<Tag extends FleetCommand["_tag"]> = Extract<FleetCommand, { readonly _tag: Tag }>
