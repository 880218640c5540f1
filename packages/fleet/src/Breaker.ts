/**
 * The circuit breaker of a pair of hosts. Failures in a row from one host to another open it: nothing is started between them until its pause is
 * over; then one migration, the probe, tries whether it goes again. What succeeds closes it. And the pause before another attempt of one migration.
 */
import { DateTime, Option } from "effect"
import type { BreakerPolicy, Policy, RetryPolicy } from "./Policy.ts"
import type { Breaker } from "./State.ts"

/** `base`, doubled `times` times, at most `most`. Milliseconds. */
const doubled = (base: number, times: number, most: number): number => Math.min(most, base * 2 ** Math.min(times, 52))

/** The pause after attempt `attempt` (from 1) failed, in milliseconds. `random`: from 0 to below 1. */
export const pauseAfter = (attempt: number, { baseMs, jitter, maxMs }: RetryPolicy, random: number): number =>
  Math.round(doubled(baseMs, attempt - 1, maxMs) * (1 - jitter * random))

/** What one more failure makes of the breaker: how many in a row, how often it opened, until when it is open. */
export const failed = (
  breaker: Breaker | undefined,
  migration: string,
  policy: BreakerPolicy,
  at: number
): Pick<Breaker, "failures" | "opened" | "until"> => {
  const failures = (breaker?.failures ?? 0) + 1
  const [opened, until] = [breaker?.opened ?? 0, breaker?.until ?? null]
  // Those that ran already when it opened make its pause no longer.
  const opens = until === null ? failures >= policy.failures : breaker?.probe === migration
  if (!opens) return { failures, opened, until }
  return { failures, opened: opened + 1, until: at + doubled(policy.pauseMs, opened, policy.maxPauseMs) }
}

/** Whether it lets a migration through now. Half-open it lets one through. */
export const isPassable = (breaker: Breaker | undefined, now: number): boolean =>
  breaker === undefined || breaker.until === null || (breaker.until <= now && breaker.probe === null)

/** The date and time in words of ISO 8601; a number that no date has stays a number. */
export const dateOf = (time: number): string =>
  Option.match(DateTime.make(time), { onNone: () => `${time} ms`, onSome: DateTime.formatIso })

/** What it says to a person who waits for a migration; undefined while it lets everything through. */
export const explain = (breaker: Breaker | undefined, now: number): string | undefined => {
  if (breaker === undefined || breaker.until === null) return undefined
  const { failures, from, lastReason, probe, to, until } = breaker
  const why = `paused: ${failures} failures in a row from ${from} to ${to}: last reason: ${lastReason}`
  if (probe !== null) return `${why}; migration ${probe} tries again now`
  return until <= now ? `${why}; the next migration tries again` : `${why}; it tries again at ${dateOf(until)}`
}

/** Whether an attempt that failed is followed by another one. */
export const hasAttempts = ({ retry }: Policy, attempt: number): boolean => attempt < retry.attempts
