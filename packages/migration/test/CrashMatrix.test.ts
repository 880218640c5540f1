/**
 * Every process of a migration ends at every one of its events, alone and with all others, while a guest works: each case ends in one verdict in all journals, with
 * one side running and a ledger that balances; nowhere on the way do two sides run. Two at once, and every process with groups of two VFs: `pnpm soak`.
 */
import { assert, describe, it } from "@effect/vitest"
import { forward as steps } from "@stopcopy/migration"
import { Effect } from "effect"
import { all, crashes, everything, healed, matrixMillis, pointsOf, singles } from "./support/Matrix.ts"
import { forward } from "./support/Scenarios.ts"

/** Events of each process in a migration of one VF. */
const fewest = { coordinator: 20, source: 14, destination: 14 }

describe("a migration", () => {
  it.live("without trouble completes, with every step seen", () =>
    Effect.map(pointsOf(forward(2)), ({ points, state }) => {
      assert.strictEqual(state.phase, "completed")
      assert.deepStrictEqual(
        state.work.map(({ step }) => step),
        [...steps]
      )
      for (const [process, count] of Object.entries(fewest)) {
        assert.isAtLeast(points.filter(({ moment }) => moment.process === process).length, count)
      }
      const { downtime } = state
      const sum = Object.entries(downtime ?? {}).reduce(
        (all, [name, value]) => (name === "whole" || name === "bytes" ? all : all + value),
        0
      )
      assert.strictEqual(sum, downtime?.whole)
    })
  )

  for (const who of [...singles, everything]) {
    it.live(
      `whose ${who.join(" and ")} ends at any event goes on or back`,
      () =>
        Effect.gen(function* () {
          const { points } = yield* pointsOf(forward(1))
          const cases = crashes(forward(1), points, { groups: [who], heals: "soon", before: who.length === 1 })
          const phases = yield* all(cases, healed(forward(1)))
          assert.include(Object.keys(phases), "completed")
        }),
      matrixMillis
    )
  }

  it.live("of two VFs, whose coordinator ends behind any of its own events, goes on or back as one", () =>
    Effect.gen(function* () {
      const { points } = yield* pointsOf(forward(2))
      const ends = crashes(forward(2), points, { groups: [["coordinator"]], heals: "soon", before: false })
      const own = ends.filter(({ ends: [end] = [] }) => end?.at.process === "coordinator")
      assert.isAtLeast(own.length, fewest.coordinator)
      const phases = yield* all(own, healed(forward(2)))
      assert.include(Object.keys(phases), "completed")
    })
  )
})
