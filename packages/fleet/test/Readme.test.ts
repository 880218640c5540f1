/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { program } from "./readme.snippet.ts"
import { busy, pf } from "./support.ts"

it.effect("the example gives what it says", () =>
  Effect.map(program([pf("pf0", { attached: busy })], [pf("pf0", { vfs: 3 })]), ({ left, planned, started }) => {
    assert.deepStrictEqual(
      planned.moves.map(({ group, to }) => [group, to]),
      [0, 1, 2].map((vf) => [`alpha:pf0/vf${vf}`, "beta"])
    )
    assert.deepStrictEqual(
      planned.willStop.map(({ group }) => group),
      ["alpha:pf0/vf3"]
    )
    assert.strictEqual(started, 2)
    assert.closeTo(left?.p50 ?? 0, 900, 9)
    assert.strictEqual(left?.samples, 2)
  })
)
