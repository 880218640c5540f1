/** A matching is found exactly where there is one. */
import { assert, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { matching } from "../../src/internal/matching.ts"

/** By trying everything. */
const exists = (wanted: ReadonlyArray<ReadonlyArray<number>>, taken: ReadonlySet<number> = new Set()): boolean => {
  const [first, ...rest] = wanted
  return first === undefined || first.some((one) => !taken.has(one) && exists(rest, new Set([...taken, one])))
}

it.prop(
  "every left side has a right side of its own, or there is no way",
  [FastCheck.array(FastCheck.uniqueArray(FastCheck.integer({ min: 0, max: 5 }), { maxLength: 4 }), { maxLength: 5 })],
  ([wanted]) => {
    const found = matching(wanted)
    assert.strictEqual(found !== undefined, exists(wanted))
    if (found === undefined) return
    assert.strictEqual(found.length, wanted.length)
    assert.strictEqual(new Set(found).size, wanted.length)
    for (const [left, right] of found.entries()) assert.include([...(wanted[left] ?? [])], right)
  }
)
