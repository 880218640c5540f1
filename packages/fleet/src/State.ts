/** Everything that the fleet remembers. What grows with finished migrations has a bound; what grows with live ones or with hosts has a limit. */
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { HostRecord, Time } from "./Host.ts"
import { empty as noHistory, History } from "./History.ts"
import { Finished, Migration } from "./Migration.ts"
import { defaults, Policy } from "./Policy.ts"

/** Hosts that can be registered. */
export const hostLimit = 1024
/** Migrations that can be live at once: queued, waiting to be tried again, running. */
export const liveLimit = 16_384
/** Summaries of finished migrations that are kept, the newest. */
export const finishedLimit = 1024
/** Summaries of finished evacuations that are kept, the newest. */
export const finishedEvacuationLimit = 32
/** Reasons of one group that are recorded with an evacuation; its plan has them all. */
export const reasonLimit = 8

/** All devices of one VM, and the host that they are on. */
export const Group = Schema.Struct({ id: Schema.String, host: Schema.String, devices: Schema.Array(Schema.String) })
export type Group = typeof Group.Type

/** Queued migrations that load the same hosts and PFs, in the order in which they go. */
export const Lane = Schema.Struct({
  id: Schema.String,
  from: Schema.String,
  to: Schema.String,
  pfs: Schema.Array(Schema.String),
  queue: Schema.Array(Schema.Struct({ rank: Schema.Finite, id: Schema.String, queuedAt: Time }))
})
export type Lane = typeof Lane.Type

/** Failures in a row from one host to another. No record: none. */
export const Breaker = Schema.Struct({
  id: Schema.String,
  from: Schema.String,
  to: Schema.String,
  failures: Schema.Int,
  lastReason: Schema.String,
  /** How often it opened since something succeeded. */
  opened: Schema.Int,
  /** Open before this, half-open from it on; none: closed. */
  until: Schema.NullOr(Time),
  /** The migration that tries whether it goes again. */
  probe: Schema.NullOr(Schema.String)
})
export type Breaker = typeof Breaker.Type

/** A group that an evacuation leaves where it is. */
export const Staying = Schema.Struct({ group: Schema.String, refusals: Schema.Array(Refusal) })
export type Staying = typeof Staying.Type

const counts = {
  /** Migrations of the plan. */
  moves: Schema.Int,
  completed: Schema.Int,
  failed: Schema.Int,
  cancelled: Schema.Int,
  /** Migrations that were refused when they were to start. */
  turnedDown: Schema.Int,
  /** VFs of which nothing was to be moved: no guest, no group. */
  idle: Schema.optionalWith(Schema.Int, { default: () => 0 })
}

/** An evacuation that is not finished. */
export const Evacuation = Schema.Struct({
  id: Schema.String,
  host: Schema.String,
  /** None: the whole host. */
  pf: Schema.NullOr(Schema.String),
  startedAt: Time,
  cancelling: Schema.Boolean,
  ...counts,
  refused: Schema.Array(Staying),
  willStop: Schema.Array(Staying)
})
export type Evacuation = typeof Evacuation.Type

export const FinishedEvacuation = Schema.Struct({
  id: Schema.String,
  host: Schema.String,
  pf: Schema.NullOr(Schema.String),
  startedAt: Time,
  finishedAt: Time,
  wasCancelled: Schema.Boolean,
  ...counts,
  refused: Schema.Int,
  willStop: Schema.Int
})
export type FinishedEvacuation = typeof FinishedEvacuation.Type

export const Fleet = Schema.Struct({
  policy: Policy,
  hosts: Schema.Array(HostRecord),
  groups: Schema.Array(Group),
  /** The group that each VF belongs to, by its name in the fleet. */
  members: Schema.Array(Schema.Struct({ id: Schema.String, group: Schema.String })),
  /** The live migration that each VF belongs to, sources and destinations. */
  reserved: Schema.Array(Schema.Struct({ id: Schema.String, migration: Schema.String })),
  migrations: Schema.Array(Migration),
  lanes: Schema.Array(Lane),
  /** Migrations that wait to be tried again, the earliest first. */
  delayed: Schema.Array(Schema.Struct({ at: Time, id: Schema.String })),
  /** Running migrations of each host and PF; 0 is left out. */
  load: Schema.Array(Schema.Struct({ id: Schema.String, running: Schema.Int })),
  running: Schema.Int,
  breakers: Schema.Array(Breaker),
  evacuations: Schema.Array(Evacuation),
  /** The newest last. */
  finished: Schema.Array(Finished),
  finishedEvacuations: Schema.Array(FinishedEvacuation),
  history: History
})
export type Fleet = typeof Fleet.Type

export const initial: Fleet = {
  policy: defaults,
  hosts: [],
  groups: [],
  members: [],
  reserved: [],
  migrations: [],
  lanes: [],
  delayed: [],
  load: [],
  running: 0,
  breakers: [],
  evacuations: [],
  finished: [],
  finishedEvacuations: [],
  history: noHistory
}
