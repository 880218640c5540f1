/** How migrations went, from what the fleet remembers of those that ended. Pure. */
import type { Phase, Summary } from "@stopcopy/coordinator-api"
import type { Finished } from "@stopcopy/fleet"

const microsPerMilli = 1000

/** Reasons that are told. */
const reasonLimit = 20
/** Bins of equal width that downtimes are put into; one more has those above. */
const binLimit = 16
/** Periods that are told, at most. */
const periodLimit = 48

const [second, minute, hour] = [1000, 60_000, 3_600_000]
/** Lengths of a period, in milliseconds. */
const periodLengths = [10 * second, 30 * second, minute, 5 * minute, 15 * minute, hour, 3 * hour, 12 * hour, 24 * hour]

const outcomes = ["completed", "failed", "cancelled", "refused"] as const

/** 1, 2 or 5 times a power of ten, at least `value`. */
const rounded = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10)
}

const quantile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0

/** Bins from the first to the last that has any, so wide that all but a few of the greatest are in those of equal width. */
const binsOf = (sorted: ReadonlyArray<number>) => {
  const [least, usual] = [sorted[0] ?? 0, quantile(sorted, 0.95)]
  const width = rounded((usual - least) / (binLimit - 1) + 1)
  const start = Math.floor(least / width) * width
  const count = Math.floor((usual - start) / width) + 1
  const bins = Array.from({ length: count }, (_, index) => {
    const [from, to] = [start + index * width, start + (index + 1) * width]
    return { fromMicros: from, toMicros: to, count: sorted.filter((value) => value >= from && value < to).length }
  })
  const end = start + count * width
  const above = sorted.filter((value) => value >= end).length
  return above === 0 ? bins : [...bins, { fromMicros: end, toMicros: null, count: above }]
}

const downtimesOf = (finished: ReadonlyArray<Finished>): Summary["downtimes"] => {
  const sorted = finished
    .flatMap(({ downtimeMs }) => (downtimeMs === null ? [] : [Math.round(downtimeMs * microsPerMilli)]))
    .toSorted((one, other) => one - other)
  if (sorted.length === 0) return null
  return {
    samples: sorted.length,
    p50Micros: quantile(sorted, 0.5),
    p90Micros: quantile(sorted, 0.9),
    p99Micros: quantile(sorted, 0.99),
    mostMicros: sorted.at(-1) ?? 0,
    bins: binsOf(sorted)
  }
}

/** What is left of a reason without its numbers. */
const kindOf = ({ outcome, reason }: Finished): string => `${outcome} ${reason.replaceAll(/\d+(\.\d+)?/g, "#")}`

const reasonsOf = (finished: ReadonlyArray<Finished>): Summary["reasons"] => {
  const kinds = new Map<string, Summary["reasons"][number]>()
  for (const one of finished.filter(({ outcome }) => outcome !== "completed")) {
    const count = (kinds.get(kindOf(one))?.count ?? 0) + 1
    kinds.set(kindOf(one), { outcome: one.outcome, reason: one.reason, count, last: one.id })
  }
  return [...kinds.values()].toSorted((one, other) => other.count - one.count).slice(0, reasonLimit)
}

const lengthOf = (span: number): number =>
  periodLengths.find((length) => span / length < periodLimit - 1) ?? rounded(span / (periodLimit - 1))

const periodsOf = (finished: ReadonlyArray<Finished>, length: number): Summary["periods"] => {
  const startOf = ({ finishedAt }: Finished) => Math.floor(finishedAt / length) * length
  const starts = finished.map(startOf)
  const [first, last] = [Math.min(...starts), Math.max(...starts)]
  if (finished.length === 0) return []
  return Array.from({ length: (last - first) / length + 1 }, (_, index) => {
    const at = first + index * length
    const within = finished.filter((one) => startOf(one) === at)
    const of = (wanted: Finished["outcome"]) => within.filter(({ outcome }) => outcome === wanted).length
    return { at, completed: of("completed"), failed: of("failed"), cancelled: of("cancelled"), refused: of("refused") }
  })
}

/** What is told of those that have not ended. */
interface LiveCounts {
  readonly phases: ReadonlyMap<Phase, number>
  readonly inDoubt: number
}

/** `at`: milliseconds since 1970; `finished`: the newest last. */
export const summaryOfAll = (finished: ReadonlyArray<Finished>, live: LiveCounts, at: number): Summary => {
  const times = finished.map(({ finishedAt }) => finishedAt)
  const since = times.length === 0 ? null : Math.min(...times)
  const periodMillis = lengthOf(since === null ? 0 : Math.max(...times) - since)
  return {
    at,
    live: [...live.phases].map(([phase, count]) => ({ phase, count })),
    inDoubt: live.inDoubt,
    since,
    ended: outcomes.map((outcome) => ({ outcome, count: finished.filter((one) => one.outcome === outcome).length })),
    downtimes: downtimesOf(finished),
    reasons: reasonsOf(finished),
    periodMillis,
    periods: periodsOf(finished, periodMillis)
  }
}
