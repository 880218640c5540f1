/** The summary of migrations: counts, bins, reasons, periods. */
import { assert, it } from "@effect/vitest"
import type { Finished } from "@stopcopy/fleet"
import { summaryOfAll } from "../../src/migrations/summary.ts"

const noon = 1_700_000_000_000
const none = { phases: new Map(), inDoubt: 0 }

const ended = (index: number, over: Partial<Finished> = {}): Finished => ({
  id: `m-${index}`,
  group: `vm${index}`,
  from: "alpha",
  to: "beta",
  evacuation: null,
  outcome: "completed",
  reason: "",
  attempts: 1,
  queuedAt: noon,
  finishedAt: noon + index * 1000,
  downtimeMs: 10 + index,
  ...over
})

it("nothing has ended: zeros, no downtimes, no periods", () => {
  const summary = summaryOfAll([], { phases: new Map([["pre-copy", 2]]), inDoubt: 1 }, noon)
  assert.deepStrictEqual(summary, {
    at: noon,
    live: [{ phase: "pre-copy", count: 2 }],
    inDoubt: 1,
    since: null,
    ended: (["completed", "failed", "cancelled", "refused"] as const).map((outcome) => ({ outcome, count: 0 })),
    downtimes: null,
    reasons: [],
    periodMillis: 10_000,
    periods: []
  })
})

it("bins hold every downtime once, those of equal width first, and the rest behind them", () => {
  const finished = [...Array.from({ length: 99 }, (_, index) => ended(index)), ended(99, { downtimeMs: 5000 })]
  const { downtimes } = summaryOfAll(finished, none, noon)
  assert.isNotNull(downtimes)
  const { bins, mostMicros, p50Micros, samples } = downtimes
  assert.deepStrictEqual([samples, p50Micros, mostMicros], [100, 59_000, 5_000_000])
  assert.strictEqual(
    bins.reduce((sum, { count }) => sum + count, 0),
    100
  )
  const widths = bins.slice(0, -1).map(({ fromMicros, toMicros }) => (toMicros ?? 0) - fromMicros)
  assert.deepStrictEqual(new Set(widths).size, 1)
  assert.isNull(bins.at(-1)?.toMicros)
  assert.isAtMost(bins.length, 17)
  for (const [index, { fromMicros }] of bins.slice(1).entries()) assert.strictEqual(bins[index]?.toMicros, fromMicros)
})

it("one downtime is one bin", () => {
  const { downtimes } = summaryOfAll([ended(1)], none, noon)
  assert.deepStrictEqual(
    downtimes?.bins.map(({ count }) => count),
    [1]
  )
})

it("reasons that differ in numbers alone are one, the most frequent first, with the last of them", () => {
  const late = (index: number) =>
    ended(index, { outcome: "failed", downtimeMs: null, reason: `the guest would stand still for ${index} ms` })
  const other = ended(9, { outcome: "cancelled", downtimeMs: null, reason: "not today" })
  const { ended: counts, reasons } = summaryOfAll([other, late(1), late(2), ended(3)], none, noon)
  assert.deepStrictEqual(reasons, [
    { outcome: "failed", reason: "the guest would stand still for 2 ms", count: 2, last: "m-2" },
    { outcome: "cancelled", reason: "not today", count: 1, last: "m-9" }
  ])
  assert.deepStrictEqual(
    counts.map(({ count }) => count),
    [1, 2, 1, 0]
  )
})

it("periods have no gaps, and are as long as it takes for a few dozen of them", () => {
  const { periodMillis, periods } = summaryOfAll(
    [ended(0), ended(1), ended(7200), ended(7201, { outcome: "refused" })],
    none,
    noon
  )
  assert.strictEqual(periodMillis, 300_000)
  assert.strictEqual(periods.length, 25)
  assert.deepStrictEqual([periods[0]?.completed, periods.at(-1)?.completed, periods.at(-1)?.refused], [2, 1, 1])
  assert.deepStrictEqual(periods[1], {
    at: (periods[0]?.at ?? 0) + 300_000,
    completed: 0,
    failed: 0,
    cancelled: 0,
    refused: 0
  })
})
