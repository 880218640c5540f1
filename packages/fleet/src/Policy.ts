/** What an operator settles for the whole fleet: limits, ageing, downtime, retries, circuit breakers. Times are in milliseconds. */
import type { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { because } from "./Refused.ts"

/** How many migrations run at once. A migration counts once on each host and PF that it touches. */
const Limits = Schema.Struct({
  fleet: Schema.Finite,
  host: Schema.Finite,
  pf: Schema.Finite
})

/** When a migration that failed is tried again. */
export const RetryPolicy = Schema.Struct({
  /** Attempts of one migration, the first included. */
  attempts: Schema.Finite,
  /** The pause before the second attempt; each further one is twice as long, up to `maxMs`. */
  baseMs: Schema.Finite,
  maxMs: Schema.Finite,
  /** How much of a pause is left to chance: 0 none, 1 all of it. A pause only gets shorter. */
  jitter: Schema.Finite
})
export type RetryPolicy = typeof RetryPolicy.Type

/** When nothing is started any more between two hosts. */
export const BreakerPolicy = Schema.Struct({
  /** Failures in a row from one host to another that open it. */
  failures: Schema.Finite,
  /** How long it stays open the first time; each time that the probe fails too it is twice as long, up to `maxPauseMs`. */
  pauseMs: Schema.Finite,
  maxPauseMs: Schema.Finite
})
export type BreakerPolicy = typeof BreakerPolicy.Type

export const Policy = Schema.Struct({
  limits: Limits,
  /** Waiting so long is worth one step of priority; who has waited so long has slots kept free (`Queue.ts`). */
  ageingMs: Schema.Finite,
  /** For migrations that name none. */
  downtimeLimitMs: Schema.Finite,
  retry: RetryPolicy,
  breaker: BreakerPolicy
})
export type Policy = typeof Policy.Type

/** What a fleet has before anyone says otherwise. */
export const defaults: Policy = {
  limits: { fleet: 16, host: 4, pf: 2 },
  ageingMs: 60_000,
  downtimeLimitMs: 300,
  retry: { attempts: 3, baseMs: 1_000, maxMs: 60_000, jitter: 0.5 },
  breaker: { failures: 5, pauseMs: 30_000, maxPauseMs: 600_000 }
}

/** The longest time that a policy may name: 7 days. */
const maxTime = 7 * 24 * 3_600_000

/** Field, value, least, greatest, whether whole. */
type Bound = readonly [string, number, number, number, boolean]

const bounds = ({ ageingMs, breaker, downtimeLimitMs, limits, retry }: Policy): ReadonlyArray<Bound> => [
  ["limits.fleet", limits.fleet, 1, 4096, true],
  ["limits.host", limits.host, 1, 4096, true],
  ["limits.pf", limits.pf, 1, 4096, true],
  ["ageingMs", ageingMs, 1, maxTime, true],
  ["downtimeLimitMs", downtimeLimitMs, 1, maxTime, true],
  ["retry.attempts", retry.attempts, 1, 100, true],
  ["retry.baseMs", retry.baseMs, 1, maxTime, true],
  ["retry.maxMs", retry.maxMs, retry.baseMs, maxTime, true],
  ["retry.jitter", retry.jitter, 0, 1, false],
  ["breaker.failures", breaker.failures, 1, 1000, true],
  ["breaker.pauseMs", breaker.pauseMs, 1, maxTime, true],
  ["breaker.maxPauseMs", breaker.maxPauseMs, breaker.pauseMs, maxTime, true]
]

/** A number that is out of its bounds; undefined if it is not. */
export const outOfBounds = ([where, value, least, greatest, whole]: Bound): Refusal | undefined =>
  value >= least && value <= greatest && (!whole || Number.isInteger(value))
    ? undefined
    : because(
        "fleet.bounds",
        whole ? "the value must be a whole number within its bounds" : "the value must be within its bounds",
        where,
        String(value),
        `${least} to ${greatest}`,
        `choose ${whole ? "a whole number" : "a number"} from ${least} to ${greatest}`
      )

/** Every field that is out of its bounds. */
export const policyRefusals = (policy: Policy): ReadonlyArray<Refusal> =>
  bounds(policy)
    .map(outOfBounds)
    .filter((bad) => bad !== undefined)
