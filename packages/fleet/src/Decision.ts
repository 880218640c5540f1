/** What the fleet answers, and how its rules put a decision together. */
import type { Refusal } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { Array as Arrays } from "effect"
import type { EvacuationPlan } from "./Evacuation.ts"
import type { FleetEvent } from "./Event.ts"
import type { Forecast } from "./History.ts"
import type { Migration, Order } from "./Migration.ts"
import { FleetRefused, type RefusedKind } from "./Refused.ts"

/** A migration to carry out now. */
export interface Start {
  readonly migration: Migration
  /** What to expect; undefined where nothing was measured yet. */
  readonly forecast: { readonly downtime: Forecast | undefined; readonly duration: Forecast | undefined }
}

export type Answer =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Queued"; readonly order: Order }
  /** `wakeAt`: when to ask again although nothing happened. */
  | { readonly _tag: "Scheduled"; readonly starts: ReadonlyArray<Start>; readonly wakeAt: number | null }
  /** `Repeated`: the outcome of this attempt was known already. */
  | { readonly _tag: "Ended"; readonly how: "Finished" | "Repeated" }
  | { readonly _tag: "Retrying"; readonly retryAt: number }
  /** The migrations that run and must be told to end. The others are cancelled already. */
  | { readonly _tag: "Cancelling"; readonly migrations: ReadonlyArray<string> }
  | { readonly _tag: "Evacuating"; readonly plan: EvacuationPlan }

export type Decision = Behavior.Decision<FleetEvent, Answer, FleetRefused>

/** It happens, and this is the answer. */
export const accept = (events: ReadonlyArray<FleetEvent>, answer: Answer = { _tag: "Done" }): Decision =>
  Behavior.accept(events, answer)

/** It does not happen; nothing changes. */
export const refuse = (kind: RefusedKind, ...refusals: Arrays.NonEmptyReadonlyArray<Refusal>): Decision =>
  Behavior.refuse([], new FleetRefused({ kind, refusals }))

/** Refuses where there is a reason, or goes on. */
export const unless = (kind: RefusedKind, refusals: ReadonlyArray<Refusal>, otherwise: () => Decision): Decision =>
  Arrays.isNonEmptyReadonlyArray(refusals) ? refuse(kind, ...refusals) : otherwise()
