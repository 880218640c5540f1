/** Aligned columns and counted words. */
import { assert, it } from "@effect/vitest"
import { columns, listed, plural } from "../src/Columns.ts"

it("a column is as wide as its widest cell, and nothing is padded at the end of a line", () => {
  const lines = columns(
    [
      ["1", "ab", "x"],
      ["100", "c", ""]
    ],
    ["right"]
  )
  assert.deepStrictEqual(lines, ["  1  ab  x", "100  c"])
})

it("one is singular, everything else plural", () => {
  assert.deepStrictEqual(
    [0, 1, 2].map((count) => plural(count, "event")),
    ["0 events", "1 event", "2 events"]
  )
})

it("a long list is cut and says how much is missing", () => {
  assert.strictEqual(listed(["a", "b"], 2), "a, b")
  assert.strictEqual(listed(["a", "b", "c"], 2), "a, b and 1 more")
})
