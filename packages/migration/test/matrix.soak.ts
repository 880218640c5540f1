/** The whole product: groups of two, all combinations of processes and ways, every healing; and two ends one after the other at any two events. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Migration } from "@stopcopy/migration"
import {
  all,
  bothWays,
  crashes,
  cuts,
  eitherWay,
  healed,
  pointsOf,
  resolved,
  type Scenario,
  several,
  singles
} from "./support/Matrix.ts"
import * as Scenarios from "./support/Scenarios.ts"
import type { Trouble } from "./support/World.ts"

const groups = [...singles, ...several]
const ways = [...eitherWay, ...bothWays]

/** Says how many cases there were, and how they ended. */
const told = (name: string, cases: ReadonlyArray<Trouble>, phases: Readonly<Record<string, number>>) =>
  Effect.zipRight(
    Effect.logInfo(`${name}: ${cases.length} cases, ${JSON.stringify(phases)}`),
    Effect.sync(() => assert.isAbove(cases.length, 0))
  )

const backs = [
  Scenarios.cancelledLate,
  Scenarios.cancelledEarly,
  Scenarios.rolledBack,
  Scenarios.recoveredBack,
  Scenarios.recoveredOn
] as const
const scenarios: ReadonlyArray<Scenario> = [Scenarios.forward, ...backs].flatMap((of) => [of(1), of(2)])

for (const scenario of scenarios) {
  describe(`${scenario.name}, ${scenario.size} VFs`, () => {
    for (const heals of ["soon", "late"] as const) {
      it.live(`processes end at any event, and come back ${heals}`, () =>
        Effect.gen(function* () {
          const { points } = yield* pointsOf(scenario)
          const cases = crashes(scenario, points, { groups, heals })
          yield* told("ends", cases, yield* all(cases, healed({ ...scenario, movesAgain: true })))
        })
      )
    }
    for (const heals of ["soon", "late", "never"] as const) {
      it.live(`ways are cut at any event, and heal ${heals}`, () =>
        Effect.gen(function* () {
          const { points } = yield* pointsOf(scenario)
          const cases = cuts(scenario, points, { heals, ways })
          yield* told("cuts", cases, yield* all(cases, heals === "never" ? resolved(scenario) : healed(scenario)))
        })
      )
    }
  })
}

/** The first end of a case as a scenario of its own, whose events behind it are those of its recovery. */
const afterFirst = (scenario: Scenario, { ends = [] }: Trouble): Scenario => ({ ...scenario, ends, name: "again" })

it.live("processes end at any event of the recovery from any end", () =>
  Effect.gen(function* () {
    const scenario = Scenarios.forward(1)
    const { points } = yield* pointsOf(scenario)
    const phases = new Map<Migration["phase"], number>()
    let count = 0
    for (const first of crashes(scenario, points, { groups: singles, heals: "soon", before: false })) {
      const again = afterFirst(scenario, first)
      const { points: rest } = yield* pointsOf(again)
      const cases = crashes(again, rest, { groups: singles, heals: "soon", before: false })
      const found = yield* all(cases, healed(again))
      count += cases.length
      for (const phase of ["completed", "failed"] as const) {
        phases.set(phase, (phases.get(phase) ?? 0) + (found[phase] ?? 0))
      }
    }
    yield* Effect.logInfo(`recoveries: ${count} cases, ${JSON.stringify([...phases])}`)
    assert.isAbove(count, 1000)
  })
)
