/** A heap gives what was put in, the smallest first, also when more is put in between. */
import { assert, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { Heap } from "../../src/internal/Heap.ts"

it.prop(
  "what comes out is always the smallest",
  [FastCheck.array(FastCheck.option(FastCheck.integer({ min: 0, max: 50 })), { maxLength: 200 })],
  ([steps]) => {
    const heap = new Heap<number>((one, other) => one < other)
    const model: Array<number> = []
    for (const value of steps) {
      if (value === null) {
        model.sort((one, other) => one - other)
        assert.strictEqual(heap.pop(), model.shift())
      } else {
        heap.push(value)
        model.push(value)
      }
    }
    for (const value of model.sort((one, other) => one - other)) assert.strictEqual(heap.pop(), value)
    assert.isUndefined(heap.pop())
  }
)
