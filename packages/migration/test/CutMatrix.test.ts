/**
 * Every way is cut at every event of a migration while a guest works: healed, each case ends in one verdict with one side running; if it never heals, in doubt with at
 * most one side running, until an operator ends it. Both ways at once on the way there: `pnpm soak`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { all, bothWays, cuts, eitherWay, healed, matrixMillis, pointsOf, resolved } from "./support/Matrix.ts"
import { cancelledLate, forward, rolledBack } from "./support/Scenarios.ts"

describe("a migration", () => {
  it.live(
    "with a way that is cut at any event, and heals when all is in doubt, goes on or back",
    () =>
      Effect.gen(function* () {
        const { points } = yield* pointsOf(forward(1))
        const cases = cuts(forward(1), points, { heals: "late", ways: eitherWay })
        const phases = yield* all(cases, healed(forward(1)))
        assert.hasAllKeys(phases, ["refused", "failed", "completed"])
      }),
    matrixMillis
  )

  it.live(
    "with a way that is cut at any event and never heals is ended by an operator",
    () =>
      Effect.gen(function* () {
        const { points } = yield* pointsOf(forward(1))
        const phases = yield* all(cuts(forward(1), points, { heals: "never", ways: eitherWay }), resolved(forward(1)))
        assert.includeMembers(Object.keys(phases), ["refused", "failed", "completed"])
      }),
    matrixMillis
  )

  for (const scenario of [cancelledLate(1), rolledBack(1)]) {
    it.live(
      `${scenario.name}, with a way that is cut at any event of that, ends so, healed or by an operator`,
      () =>
        Effect.gen(function* () {
          const { points, state } = yield* pointsOf(scenario)
          const late = yield* all(cuts(scenario, points, { heals: "late", ways: eitherWay }), healed(scenario))
          const never = yield* all(cuts(scenario, points, { heals: "never", ways: bothWays }), resolved(scenario))
          assert.deepStrictEqual([Object.keys(late), Object.keys(never)], [[state.phase], [state.phase]])
        }),
      matrixMillis
    )
  }
})
