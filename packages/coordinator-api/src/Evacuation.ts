/** Emptying a host or a PF: first a plan, then its execution. One group that cannot move does not hold up the others. */
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { Move } from "./Migration.ts"
import {
  DeviceName,
  EvacuationId,
  GroupName,
  HostName,
  MigrationId,
  optional,
  PfName,
  Priority,
  strict,
  Time
} from "./Values.ts"

const place = { host: HostName, pf: optional(PfName) }

export const EvacuationPlanRequest = Schema.Struct(place).annotations({
  identifier: "EvacuationPlanRequest",
  ...strict
})
export type EvacuationPlanRequest = typeof EvacuationPlanRequest.Type

export const EvacuationRequest = Schema.Struct({
  ...place,
  priority: Schema.optionalWith(Priority, { default: () => 5 })
}).annotations({ identifier: "EvacuationRequest", ...strict })
export type EvacuationRequest = typeof EvacuationRequest.Type

/** A group that moves, with where to. */
export const PlannedMove = Schema.Struct({ group: GroupName, to: HostName, moves: Schema.Array(Move) }).annotations({
  identifier: "PlannedMove"
})

/** A group that stays, with every reason. */
export const Staying = Schema.Struct({
  group: Schema.String,
  blockers: Schema.Array(Refusal)
}).annotations({ identifier: "Staying" })

/** What an evacuation would do now. */
export const EvacuationPlan = Schema.Struct({
  host: HostName,
  pf: Schema.NullOr(PfName),
  moves: Schema.Array(PlannedMove),
  /** Can move nowhere whatever the fleet has, for these reasons. */
  refused: Schema.Array(Staying),
  /** Could move, and nothing fits now: these stop when the host does. */
  willStop: Schema.Array(Staying),
  /** VFs that have no guest and are in no group: nothing of them is to be moved. Who has a guest there defines its group. */
  idle: Schema.optionalWith(Schema.Array(DeviceName), { default: () => [] }),
  /** Migrations that leave already. */
  leaving: Schema.Array(MigrationId),
  /** Migrations that come: those that run will arrive, those that are queued wait for the end of the cordon. */
  arriving: Schema.Array(MigrationId)
}).annotations({ identifier: "EvacuationPlan" })
export type EvacuationPlan = typeof EvacuationPlan.Type

/** How far an evacuation is. Its migrations are those with its id. */
export const Evacuation = Schema.Struct({
  id: EvacuationId,
  host: HostName,
  pf: Schema.NullOr(PfName),
  state: Schema.Literal("running", "cancelling", "finished", "cancelled"),
  startedAt: Time,
  endedAt: Schema.NullOr(Time),
  /** Groups of the plan that move, and what became of them. */
  moves: Schema.Int,
  completed: Schema.Int,
  failed: Schema.Int,
  cancelled: Schema.Int,
  /** Refused when they were to start. */
  turnedDown: Schema.Int,
  /** Groups that stay: those that fit nowhere whatever the fleet has, and those that only stop. */
  refused: Schema.Int,
  willStop: Schema.Int,
  /** VFs without a guest and a group when it began: nothing of them was to be moved. */
  idle: Schema.optionalWith(Schema.Int, { default: () => 0 }),
  /** Why these stay, a few reasons of each; empty when it has ended. */
  staying: Schema.Array(Staying),
  /** How long it will take, by what half and by what 99 of 100 migrations took before; null when it has ended, and without history. */
  left: Schema.NullOr(Schema.Struct({ p50Millis: Schema.Number, p99Millis: Schema.Number, samples: Schema.Number }))
}).annotations({ identifier: "Evacuation" })
export type Evacuation = typeof Evacuation.Type
