/** The same on every way back, and on the way on of processes that find each other's traces in the journals: whoever ends there comes to the same verdict. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { all, crashes, healed, matrixMillis, pointsOf, singles } from "./support/Matrix.ts"
import { cancelledEarly, cancelledLate, recoveredBack, recoveredOn, rolledBack } from "./support/Scenarios.ts"

/** One VF, and one process: groups of two, and several processes at once, in `pnpm soak`. */
const scenarios = [
  { scenario: cancelledLate(1), phase: "cancelled" },
  { scenario: cancelledEarly(1), phase: "cancelled" },
  { scenario: rolledBack(1), phase: "failed" },
  { scenario: recoveredBack(1), phase: "failed" },
  { scenario: recoveredOn(1), phase: "completed" }
] as const

describe("a migration that is", () => {
  for (const { phase, scenario } of scenarios) {
    it.live(
      `${scenario.name}, and loses a process at any event of that, ends as it would`,
      () =>
        Effect.gen(function* () {
          const { points, state } = yield* pointsOf(scenario)
          assert.strictEqual(state.phase, phase)
          const cases = crashes(scenario, points, { groups: singles, heals: "soon" })
          const phases = yield* all(cases, healed(scenario))
          assert.deepStrictEqual(phases, { [phase]: cases.length })
        }),
      matrixMillis
    )

    if (phase === "completed") continue
    it.live(`${scenario.name} leaves both hosts as the next migration needs them`, () =>
      Effect.gen(function* () {
        const moving = { ...scenario, movesAgain: true }
        assert.deepStrictEqual(yield* all([{ ends: scenario.ends ?? [], heals: "soon" }], healed(moving)), {
          [phase]: 1
        })
      })
    )
  }
})
