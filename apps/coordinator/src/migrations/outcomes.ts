/** How an attempt ended, for the fleet; why it did, in words. Pure. */
import type { Verdict } from "@stopcopy/coordinator-api"
import { describe, type Refusal } from "@stopcopy/errno"
import * as Fleets from "@stopcopy/fleet"
import type { Cause, Migration } from "@stopcopy/migration"
import * as Arr from "effect/Array"

const microsPerMilli = 1000

const limitRemedy =
  "allow more with downtimeLimitMillis, of the migration or of the policy, or let it wait with whenOver"

/** Why it went back. */
export const causeText = (cause: Cause): string => {
  switch (cause._tag) {
    case "CancelAsked":
      return cause.reason === "" ? "it was cancelled" : `it was cancelled: ${cause.reason}`
    case "StepFailed":
      return `${cause.step} failed at the ${cause.failure.side}: ${cause.failure.message}`
    case "Blocked":
      return inOneSentence(cause.blockers)
    case "Differs":
      return `${cause.device}: after the load ${cause.field} is ${cause.destination}, and was ${cause.source}`
    case "OverForecast":
      return `the guest would stand still for ${Math.ceil(cause.forecast.micros / microsPerMilli)} ms by the forecast from ${cause.forecast.samples} migrations of this fleet, and ${cause.limitMillis} ms are allowed; ${limitRemedy}`
    case "StoodTooLong":
      return `the coordinator came back after the guest had stood still for ${cause.millis} ms, and ${cause.limitMillis} ms are allowed; ${limitRemedy}`
    case "Resolved":
      return `${cause.by} gave the guest back to the source`
  }
}

/** The first of them; the others are counted. */
const inOneSentence = ([first, ...others]: ReadonlyArray<Refusal>): string => {
  if (first === undefined) return ""
  return others.length === 0 ? describe(first) : `${describe(first)}; and ${others.length} more`
}

/** In one sentence; empty if it completed, or was cancelled without a reason. */
const reasonOf = ({ blockers, cause, phase }: Migration): string => {
  if (phase === "completed") return ""
  if (phase === "refused") return inOneSentence(blockers)
  if (cause?._tag === "CancelAsked") return cause.reason
  return cause === null ? phase : causeText(cause)
}

/** Undefined before the end. */
export const verdictOf = (state: Migration): typeof Verdict.Type | undefined => {
  const { phase } = state
  if (phase !== "completed" && phase !== "failed" && phase !== "cancelled" && phase !== "refused") return undefined
  return { outcome: phase, guest: phase === "completed" ? "destination" : "source", reason: reasonOf(state) }
}

const millis = (micros: number): number => Math.max(0, micros / microsPerMilli)

const completed = ({ downtime, work }: Migration): Fleets.Outcome => ({
  _tag: "Completed",
  durationMs: millis((work.at(-1)?.ended ?? 0) - (work[0]?.began ?? 0)),
  downtimeMs: millis(downtime?.whole ?? 0),
  split: downtime === null ? [] : Fleets.causes.map((cause) => [cause, millis(downtime[cause])] as const)
})

/** What the fleet is told of an attempt that has ended. What left something undone is in no state to be tried again. */
export const outcomeOf = (state: Migration): Fleets.Outcome => {
  const { blockers, left, phase } = state
  if (phase === "completed") return completed(state)
  if (phase === "cancelled") return { _tag: "Cancelled", reason: reasonOf(state) }
  if (phase === "refused" && Arr.isNonEmptyReadonlyArray(blockers)) return { _tag: "Refused", refusals: blockers }
  const again = left.length === 0 && state.cause?._tag !== "Resolved"
  const failed = { _tag: "Failed", reason: reasonOf(state), retryable: again } as const
  return state.cause?._tag === "OverForecast" ? { ...failed, ofPair: false } : failed
}
