/**
 * Every way is cut at every call of a migration, before the call arrives or before its answer does: healed, each case ends in one verdict with one side running; if it
 * never heals, in doubt, until an operator ends it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { all, cuts, healed, pointsOf, resolved } from "./support/Matrix.ts"
import { startMemory } from "./support/MemoryLife.ts"

describe("a migration", () => {
  for (const heals of ["soon", "late"] as const) {
    it.live(`with a way that is cut at any call, and heals ${heals}`, () =>
      Effect.gen(function* () {
        const { calls } = yield* pointsOf(startMemory)
        const phases = yield* all(cuts(calls.length, heals), healed)
        assert.include(phases, "completed")
      })
    )
  }
  it.live("with a way that is cut at any call and never heals is ended by an operator", () =>
    Effect.gen(function* () {
      const { calls } = yield* pointsOf(startMemory)
      const phases = yield* all(cuts(calls.length, "never"), resolved)
      assert.includeMembers(phases, ["refused", "failed"])
    })
  )
})
