/** Keys one after the other. */
import { assert, it } from "@effect/vitest"
import { shortcuts, typed } from "../../src/layout/shortcuts.ts"

/** What was done while these keys were typed. */
const after = (...keys: ReadonlyArray<string>): ReadonlyArray<string> => {
  let before: ReadonlyArray<string> = []
  return keys.flatMap((key) => {
    const next = typed(before, key)
    before = next.typed
    return next.done === undefined ? [] : [next.done.keys.join("")]
  })
}

it("two letters lead somewhere, also behind letters that mean nothing", () => {
  assert.deepStrictEqual(after("g", "f"), ["gf"])
  assert.deepStrictEqual(after("x", "g", "g", "m", "f"), ["gm"])
  assert.deepStrictEqual(after("g", "?"), ["?"])
  assert.deepStrictEqual(after("f", "o"), [])
})

it("no shortcut is the beginning of another, and each has its own keys", () => {
  const all = shortcuts.map(({ keys }) => keys.join(" "))
  assert.strictEqual(new Set(all).size, all.length)
  for (const keys of all) assert.isFalse(all.some((other) => other !== keys && other.startsWith(`${keys} `)))
})
