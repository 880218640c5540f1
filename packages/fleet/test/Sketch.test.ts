/** A sketch gives quantiles within its error, forgets slowly, and stays small. */
import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { add, empty, quantile, relativeError, type Sketch, weightLimit } from "../src/Sketch.ts"

const of = (values: Iterable<number>): Sketch => [...values].reduce(add, empty)

const times = FastCheck.array(FastCheck.double({ min: 0.001, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 })

describe("Sketch", () => {
  it.prop(
    "a quantile is a measurement, at most 1 % off",
    [times, FastCheck.constantFrom(0, 0.5, 0.9, 0.99, 1)],
    ([values, part]) => {
      const exact = values.toSorted((one, other) => one - other)[Math.floor(part * (values.length - 1))] ?? 0
      const found = quantile(of(values), part) ?? 0
      assert.isAtMost(Math.abs(found - exact) / exact, relativeError + 1e-9)
    }
  )

  it("has no quantile before the first measurement", () => {
    assert.isUndefined(quantile(empty, 0.5))
  })

  it("counts nothing below a microsecond apart, and takes 0", () => {
    assert.closeTo(quantile(of([0, 0, 0]), 0.5) ?? 0, 0.001, 0.00002)
  })

  it("halves old counts, so that what changed is seen, and weighs no more than its limit", () => {
    const old = of(Array.from({ length: weightLimit }, () => 10))
    assert.strictEqual(old.weight, weightLimit)
    const changed = Array.from({ length: 2 * weightLimit }, () => 100).reduce(add, old)
    assert.isAtMost(changed.weight, weightLimit)
    assert.closeTo(quantile(changed, 0.5) ?? 0, 100, 1)
  })

  it("stays below 1,500 buckets whatever is measured", () => {
    const all = of(Array.from({ length: 20_000 }, (_, index) => 0.0005 * 1.002 ** index))
    assert.isAtMost(all.buckets.length, 1500)
    assert.strictEqual(
      all.weight,
      all.buckets.reduce((sum, [, count]) => sum + count, 0)
    )
  })
})
