/** Migrations: what is asked for, how one stands, what became of it. Source: `docs/architecture.md`, "The way of one migration". */
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import {
  DeviceName,
  Devices,
  EvacuationId,
  GroupName,
  HostName,
  Micros,
  MigrationId,
  Millis,
  optional,
  Priority,
  Reason,
  strict,
  Time
} from "./Values.ts"

/** The last four are ends. `refused`: nothing was touched; `failed`: something was, and the guest is back at the source. */
export const Phase = Schema.Literal(
  ...(["queued", "preflight", "setup", "pre-copy", "pre-switchover", "switchover", "finishing"] as const),
  ...(["cancelling", "recovering", "completed", "failed", "cancelled", "refused"] as const)
).annotations({ identifier: "Phase" })
export type Phase = typeof Phase.Type

/** Which phases are ends. */
export const ends: ReadonlyArray<Phase> = ["completed", "failed", "cancelled", "refused"]

export const Side = Schema.Literal("source", "destination")
export type Side = typeof Side.Type

/** Where a group is to go. */
export const Destination = Schema.Struct({
  host: HostName,
  /** A VF for each device, in their order. Left out: the coordinator chooses. */
  devices: optional(Devices),
  /** A VMM that is attached to one of these VFs waits for this group. Left out or false: such a VF is in use. */
  incoming: Schema.optionalWith(Schema.Boolean, { default: () => false })
}).annotations({ identifier: "Destination", ...strict })

const asked = {
  /** The host that has the guest. */
  from: HostName,
  /** All VFs of the virtual machine. Left out: those of `group` as it was defined. */
  devices: optional(Devices),
  /** What the virtual machine is called. Left out: after its first VF. */
  group: optional(GroupName),
  /** Left out: the coordinator chooses the host too. */
  to: optional(Destination)
}

/** Whether it is said what is to move. */
const isNamed = (request: { readonly devices?: unknown; readonly group?: unknown }): true | string =>
  request.devices !== undefined || request.group !== undefined || "name the devices, or the group that was defined"

/** What a preflight is asked: the same as a migration, and nothing is begun. */
export const PreflightRequest = Schema.Struct(asked)
  .annotations(strict)
  .pipe(Schema.filter(isNamed, { identifier: "PreflightRequest" }))
export type PreflightRequest = typeof PreflightRequest.Type

/** What is done when the forecast says that the guest would stand still for too long. */
export const WhenOver = Schema.Union(
  Schema.TaggedStruct("Abort", {}),
  Schema.TaggedStruct("Wait", { millis: Millis })
).annotations({ identifier: "WhenOver" })
export type WhenOver = typeof WhenOver.Type

export const MigrationRequest = Schema.Struct({
  ...asked,
  priority: Schema.optionalWith(Priority, { default: () => 5 }),
  /** How long the guest may stand still. Left out: as the policy says. */
  downtimeLimitMillis: optional(Millis),
  /** When the forecast is above that: back to the source at once, or wait in pre-copy for a better moment, and go back if none comes. */
  whenOver: Schema.optionalWith(WhenOver, { default: () => ({ _tag: "Abort" as const }) })
})
  .annotations(strict)
  .pipe(Schema.filter(isNamed, { identifier: "MigrationRequest" }))
export type MigrationRequest = typeof MigrationRequest.Type

/** One VF of a group. */
export const Move = Schema.Struct({ source: DeviceName, destination: DeviceName }).annotations({ identifier: "Move" })

/** Something that no preflight can check of a device, and what follows from it. */
export const Unchecked = Schema.Struct({
  code: Schema.String,
  where: Schema.String,
  what: Schema.String,
  consequence: Schema.String
}).annotations({ identifier: "Unchecked" })

/** What a preflight found: every blocker at once, those included that the driver would find only while the source stands still. */
export const Preflight = Schema.Struct({
  /** Whether the migration could start now. */
  fits: Schema.Boolean,
  blockers: Schema.Array(Refusal),
  from: HostName,
  /** Where it would go; null if nothing fits. */
  to: Schema.NullOr(HostName),
  moves: Schema.Array(Move),
  /** What stays unchecked: no blocker, but worth knowing. Absent where everything is checked. */
  unchecked: optional(Schema.Array(Unchecked)),
  checkedAt: Time
}).annotations({ identifier: "Preflight" })
export type Preflight = typeof Preflight.Type

/** How one migration ended, the same for both sides and the journal. */
export const Verdict = Schema.Struct({
  outcome: Schema.Literal("completed", "failed", "cancelled", "refused"),
  /** The side that has the guest. */
  guest: Side,
  /** In one sentence; empty if it completed. */
  reason: Schema.String
}).annotations({ identifier: "Verdict" })

const summary = {
  id: MigrationId,
  group: Schema.String,
  from: HostName,
  to: HostName,
  moves: Schema.Array(Move),
  evacuation: Schema.NullOr(EvacuationId),
  priority: Schema.Int,
  phase: Phase,
  /** Which attempt this is; 0 before the first. */
  attempt: Schema.Int,
  /** Nobody but an operator, or a side that comes back, can end it. */
  inDoubt: Schema.Boolean,
  queuedAt: Time,
  endedAt: Schema.NullOr(Time),
  verdict: Schema.NullOr(Verdict),
  /** How long the guest stood still; null before that is known. */
  downtimeMicros: Schema.NullOr(Micros)
}

/** A migration in a list. */
export const MigrationSummary = Schema.Struct(summary).annotations({ identifier: "MigrationSummary" })
export type MigrationSummary = typeof MigrationSummary.Type

/** A downtime by cause, in microseconds; the parts are one after the other. */
export const Downtime = Schema.Struct({
  whole: Micros,
  drain: Micros,
  stop: Micros,
  save: Micros,
  transfer: Micros,
  load: Micros,
  verify: Micros,
  vote: Micros,
  commit: Micros,
  resume: Micros,
  /** Between the parts. */
  other: Micros
}).annotations({ identifier: "Downtime" })
export type Downtime = typeof Downtime.Type

/** What it was said to take before the guest was stopped, from what earlier migrations took. */
export const Forecast = Schema.Struct({ micros: Micros, samples: Schema.Int, limitMillis: Schema.Int }).annotations({
  identifier: "Forecast"
})

/** One step that was done on all devices of the group. */
export const Step = Schema.Struct({
  step: Schema.String,
  beganAt: Time,
  endedAt: Time,
  /** Bytes of migration data that it moved. */
  bytes: Schema.Int
}).annotations({ identifier: "Step" })

/** Why a migration that is queued does not start. */
export const Waiting = Schema.Struct({
  code: Schema.String,
  reason: Schema.String,
  /** When that ends by itself; null: not by itself. */
  untilAt: Schema.NullOr(Time)
}).annotations({ identifier: "Waiting" })

/** A step that cannot be done now, and nothing else would be right: it is tried until it can, or until an operator resolves. */
export const Doubt = Schema.Struct({
  step: Schema.String,
  side: Side,
  device: Schema.NullOr(Schema.String),
  code: Schema.String,
  message: Schema.String
}).annotations({ identifier: "Doubt" })

/** What an operator may say of a migration in doubt, and what follows from it. */
export const Resolution = Schema.Struct({
  /** The side that has the guest from then on. */
  verdict: Side,
  /** What the operator vouches for, and what will be done, in sentences. */
  consequences: Schema.String
}).annotations({ identifier: "Resolution" })
export type Resolution = typeof Resolution.Type

/** A migration with everything that is known of it. */
export const Migration = Schema.Struct({
  ...summary,
  /** What a preflight found, if it refused. */
  blockers: Schema.Array(Refusal),
  /** The steps that were done, in order. */
  steps: Schema.Array(Step),
  /** The steps that are being done now. */
  now: Schema.Array(Schema.String),
  /** Bytes of migration data that were moved. */
  bytes: Schema.Int,
  forecast: Schema.NullOr(Forecast),
  downtime: Schema.NullOr(Downtime),
  downtimeLimitMillis: Schema.Int,
  committed: Schema.Boolean,
  /** Why it went back; null if it did not. */
  cause: Schema.NullOr(Schema.String),
  /** Why the attempt before this one failed; null if there was none. */
  lastReason: Schema.NullOr(Schema.String),
  /** When it is tried again; null unless it waits for that. */
  retryAt: Schema.NullOr(Time),
  /** Every reason why it does not start; absent unless it is queued, empty if it is about to. */
  waiting: optional(Schema.Array(Waiting)),
  doubts: Schema.Array(Doubt),
  /** What an operator may say now; none unless it is in doubt. */
  resolutions: Schema.Array(Resolution),
  /** What was not done because an operator vouched for that side. */
  left: Schema.Array(Schema.Struct({ step: Schema.String, message: Schema.String }))
}).annotations({ identifier: "Migration" })
export type Migration = typeof Migration.Type

export const CancelRequest = Schema.Struct({ reason: Schema.optionalWith(Reason, { default: () => "" }) }).annotations({
  identifier: "CancelRequest",
  ...strict
})

/** Another destination for a migration that waits. */
export const RedirectRequest = Schema.Struct({
  /** Left out: the coordinator chooses the host too. */
  to: optional(Destination)
}).annotations({ identifier: "RedirectRequest", ...strict })
export type RedirectRequest = typeof RedirectRequest.Type

/** An operator says which side has the guest, having read the consequences: those of the resolution, word for word. */
export const ResolveRequest = Schema.Struct({ verdict: Side, accepting: Schema.String }).annotations({
  identifier: "ResolveRequest",
  ...strict
})
export type ResolveRequest = typeof ResolveRequest.Type
