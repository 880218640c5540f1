/**
 * Every process of a migration ends at every one of its events: each case ends in one verdict, with one side running and the guest's state whole; nowhere on the
 * way do two sides run.
 */
import { assert, describe, it } from "@effect/vitest"
import { forward } from "@stopcopy/migration"
import { Effect } from "effect"
import { all, crashes, healed, pointsOf, upTo, whens } from "./support/Matrix.ts"
import { startMemory } from "./support/MemoryLife.ts"
import { startQat } from "./support/QatHost.ts"

describe("a migration", () => {
  it.live("without trouble completes, with every step seen", () =>
    Effect.map(pointsOf(startQat), ({ calls, events, state }) => {
      assert.strictEqual(state.phase, "completed")
      assert.deepStrictEqual(
        state.work.map(({ step }) => step),
        [...forward]
      )
      for (const count of [calls.length, events.source.length, events.destination.length]) assert.isAbove(count, 30)
      assert.isAbove(events.coordinator.length, forward.length)
      const { downtime } = state
      const sum =
        downtime === null
          ? 0
          : Object.entries(downtime).reduce(
              (all, [name, value]) => (name === "whole" || name === "bytes" ? all : all + value),
              0
            )
      assert.strictEqual(sum, downtime?.whole)
    })
  )
  it.live("whose coordinator ends at any event, or in any call, goes on or back", () =>
    Effect.gen(function* () {
      const { calls, events } = yield* pointsOf(startMemory)
      const inCalls = upTo(calls.length).flatMap((at) =>
        whens.map((when) => ({ _tag: "CrashInCall", at, when }) as const)
      )
      const phases = yield* all([...crashes("coordinator", events.coordinator, "soon"), ...inCalls], healed)
      assert.deepStrictEqual([...new Set(phases)], ["completed"])
    })
  )
  for (const who of ["source", "destination"] as const) {
    for (const heals of ["soon", "late"] as const) {
      it.live(`whose ${who} ends at any event, and comes back ${heals}`, () =>
        Effect.gen(function* () {
          const { events } = yield* pointsOf(startQat)
          const phases = yield* all(crashes(who, events[who], heals), healed)
          assert.includeMembers(phases, ["completed", "failed"])
        })
      )
    }
  }
})
