/** The next-state function: the protocol's tables per feature set, and every refusal. */
import { assert, it } from "@effect/vitest"
import { MigrationStates, NextState } from "@stopcopy/vfio"
import { Either } from "effect"

/** Rows are current states, columns requested ones; 0 stands for EINVAL. */
const tables: ReadonlyArray<readonly [flags: number, states: string, rows: ReadonlyArray<string>]> = [
  [1, "1234", ["1234", "1211", "1131", "1114"]],
  [3, "12345", ["15345", "52555", "11311", "11141", "12115"]],
  [5, "12346", ["12342", "12116", "11310", "11141", "22326"]],
  [7, "1234567", ["1534555", "5255565", "1131100", "1114111", "1211527", "2272267", "5535567"]]
]

const digits = (text: string): ReadonlyArray<number> => [...text].map(Number)

const codeOf = (flags: number, current: number, requested: number): string | undefined =>
  Either.match(NextState.nextState(flags, current, requested), {
    onLeft: (error) => error.refusal?.code,
    onRight: () => undefined
  })

it("each defined feature set has the protocol's table", () => {
  for (const [flags, states, rows] of tables) {
    const columns = digits(states)
    const found = columns.map((from) =>
      columns.map((to) => Either.getOrElse(NextState.nextState(flags, from, to), () => 0)).join("")
    )
    assert.deepStrictEqual(found, [...rows], `flags ${flags}`)
  }
})

it("the base table leads nowhere from ERROR and never to it but for blocked arcs", () => {
  const range = Array.from({ length: 8 }, (_, number) => number)
  assert.deepStrictEqual(
    range.map((to) => NextState.baseEntry(0, to)),
    range.map(() => 0)
  )
  const blocked = range.flatMap((from) =>
    range.filter((to) => from !== 0 && to !== 0 && NextState.baseEntry(from, to) === 0).map((to) => [from, to])
  )
  assert.deepStrictEqual(blocked, [
    [3, 6],
    [3, 7]
  ])
})

it("every refusal has its own code, and the current state is judged first", () => {
  assert.strictEqual(codeOf(7, 0, 0), "vfio.state.error.current")
  assert.strictEqual(codeOf(7, 2, 0), "vfio.state.error.requested")
  assert.strictEqual(codeOf(7, 9, 9), "vfio.state.unknown.current")
  assert.strictEqual(codeOf(7, 2, 8), "vfio.state.unknown.requested")
  assert.strictEqual(codeOf(7, 2, 1.5), "vfio.state.unknown.requested")
  assert.strictEqual(codeOf(1, 5, 9), "vfio.state.unsupported.current")
  assert.strictEqual(codeOf(3, 2, 6), "vfio.state.unsupported.requested")
})

it("the three blocked requests are refused instead of looping", () => {
  for (const [flags, requested] of [
    [5, 6],
    [7, 6],
    [7, 7]
  ] as const) {
    assert.strictEqual(codeOf(flags, 3, requested), "vfio.arc.blocked")
  }
})

it("by name it is the same function", () => {
  for (const from of MigrationStates.all) {
    for (const to of MigrationStates.all) {
      const raw = NextState.nextState(7, MigrationStates.toNumber(from), MigrationStates.toNumber(to))
      const named = Either.map(NextState.nextArc(7, from, to), MigrationStates.toNumber)
      assert.strictEqual(Either.getOrUndefined(named), Either.getOrUndefined(raw), `${from} ${to}`)
    }
  }
})

it("a refusal names the state and the remedy", () => {
  const error = Either.getOrThrow(Either.flip(NextState.nextArc(7, "STOP_COPY", "PRE_COPY")))
  assert.include(error.message, "source STOP_COPY (3), destination PRE_COPY (6)")
  assert.include(error.message, "go through STOP and RUNNING first")
})
