/** What is recorded of one migration: where it is, what is to be done next on each lane, and what became of it. */
import { Refusal } from "@stopcopy/errno"
import { MigrationFlags } from "@stopcopy/vfio"
import { Schema } from "effect"
import * as Arr from "effect/Array"
import { Downtime, Forecast, Worked } from "./Downtime.ts"
import { Cause, Failure } from "./Failure.ts"
import { GroupEpochs } from "./GroupEpochs.ts"
import { Member, Order, Side } from "./Order.ts"
import { Phase, Step } from "./Step.ts"

/** Every migration feature: what a group had before features were recorded. */
const allFlags = MigrationFlags.STOP_COPY | MigrationFlags.P2P | MigrationFlags.PRE_COPY

/**
 * One device of the group, with the epoch under which the source holds it, the migration features that both sides have, and the socket of the destination's
 * server, for the guest's VMM.
 */
export const Moving = Schema.Struct({
  ...Member.fields,
  ownEpoch: Schema.NonNegativeInt,
  flags: Schema.optionalWith(Schema.NonNegativeInt, { default: () => allFlags }),
  socketPath: Schema.optionalWith(Schema.String, { default: () => "" })
})
export type Moving = typeof Moving.Type

/**
 * Steps still to be done, in order. `main` is the way there, or the way back that an operator ordered; the ways back of both sides go side by side.
 */
export const Lane = Schema.Struct({
  name: Schema.Literal("main", "source", "destination"),
  steps: Schema.NonEmptyArray(Step),
  /** The first step cannot be done now, and nothing else would be right: it is tried until it can, or until an operator resolves. */
  doubt: Schema.NullOr(Failure)
})
export type Lane = typeof Lane.Type

/** What was not done because an operator vouched for that side. */
export const Left = Schema.Struct({ step: Step, failure: Failure })
export type Left = typeof Left.Type

export const Migration = Schema.Struct({
  phase: Phase,
  order: Schema.NullOr(Order),
  /** What a preflight found, if it refused. */
  blockers: Schema.Array(Refusal),
  epochs: Schema.NullOr(GroupEpochs),
  group: Schema.Array(Moving),
  lanes: Schema.Array(Lane),
  /** Digests that the destination votes for, in the order of the group. */
  digests: Schema.Array(Schema.String),
  forecast: Schema.NullOr(Forecast),
  /** Since when it waits for a forecast that fits, in microseconds since 1970. */
  waitingSince: Schema.NullOr(Schema.Int),
  committed: Schema.Boolean,
  /** Why it went back; the first reason. */
  cause: Schema.NullOr(Cause),
  /** Sides for which an operator vouches that they do not run, and will be reset before they do. */
  vouched: Schema.Array(Side),
  left: Schema.Array(Left),
  work: Schema.Array(Worked),
  downtime: Schema.NullOr(Downtime)
})
export type Migration = typeof Migration.Type

export const initial: Migration = {
  phase: "queued",
  order: null,
  blockers: [],
  epochs: null,
  group: [],
  lanes: [],
  digests: [],
  forecast: null,
  waitingSince: null,
  committed: false,
  cause: null,
  vouched: [],
  left: [],
  work: [],
  downtime: null
}

/** Whether nobody but an operator, or a side that comes back, can end it. */
export const isInDoubt = ({ lanes }: Migration): boolean => lanes.some(({ doubt }) => doubt !== null)

/** The step that is next on the way there; undefined on a way back, before the start and behind the end. */
export const mainStep = ({ cause, lanes }: Migration): Step | undefined =>
  cause === null ? lanes.find(({ name }) => name === "main")?.steps[0] : undefined

/** Lanes of these steps; one without steps is none. */
export const laneOf = (name: Lane["name"], steps: ReadonlyArray<Step>): ReadonlyArray<Lane> =>
  Arr.isNonEmptyReadonlyArray(steps) ? [{ name, steps: [steps[0], ...steps.slice(1)], doubt: null }] : []
