/** Blame: the event that last set a field, and every one before it. */
import { assert, it } from "@effect/vitest"
import { blame } from "@stopcopy/debugger"
import { Effect } from "effect"
import { initial, known } from "./Valve.ts"
import { based, compacted, freshSource, tell } from "./worlds.ts"

const world = Effect.gen(function* () {
  const source = yield* freshSource("one")
  yield* tell(source, [
    { command: { _tag: "Turn", by: 30 } },
    { command: { _tag: "Poke", register: 4, value: 77 } },
    { command: { _tag: "Poke", register: 5, value: 1 } },
    { command: { _tag: "Turn", by: 0 } },
    { command: { _tag: "Log", file: 1, text: "x" } },
    { command: { _tag: "Turn", by: 100 } },
    { command: { _tag: "Poke", register: 4, value: 78 } },
    { command: { _tag: "Log", file: 1, text: "y" } },
    { command: { _tag: "Poke", register: 4, value: 0 } },
    { id: "b", command: { _tag: "Turn", by: 9 } }
  ])
  return source
})

const historyOf = (field: string, stream = "valve/a", upTo?: number) =>
  Effect.flatMap(world, (source) =>
    Effect.map(blame(known, source, stream, field, upTo), ({ history, last }) => {
      assert.strictEqual(last, history.at(-1))
      return history.map(({ moment, new: now, old }) => [moment.envelope.sequence, old, now])
    })
  )

const cases: ReadonlyArray<readonly [field: string, history: Array<Array<unknown>>]> = [
  ["position", [[1, 0, 30]]],
  [
    "turns",
    [
      [1, 0, 1],
      [4, 1, 2]
    ]
  ],
  [
    "registers.bank0.4",
    [
      [2, undefined, 77],
      [7, 77, 78],
      [9, 78, undefined]
    ]
  ],
  [
    "files.0.lines",
    [
      [5, undefined, 1],
      [8, 1, 2]
    ]
  ],
  [
    "files",
    [
      [5, [], [{ file: 1, lines: 1 }]],
      [8, [{ file: 1, lines: 1 }], [{ file: 1, lines: 2 }]]
    ]
  ],
  ["lot", []]
]

for (const [field, history] of cases) {
  it.scoped(`the history of ${field}`, () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* historyOf(field), history)
    })
  )
}

it.scoped("up to a point, and of an owned stream alone", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* historyOf("registers.bank0.4", "valve/a", 6), [[2, undefined, 77]])
    assert.deepStrictEqual(yield* historyOf("last", "valve/a/log/1"), [
      [5, "", "x"],
      [8, "x", "y"]
    ])
  })
)

it.scoped("a field that never was is a typed error that lists those there are", () =>
  Effect.gen(function* () {
    const source = yield* world
    const failing = (field: string) =>
      Effect.map(Effect.flip(blame(known, source, "valve/a", field)), ({ _tag, message }) => `${_tag}: ${message}`)
    assert.strictEqual(
      yield* failing("nothing"),
      "NoSuchField: valve/a has no field nothing: the state has position, turns, lot, registers, files"
    )
    assert.strictEqual(
      yield* failing("registers.bank9.4"),
      "NoSuchField: valve/a has no field registers.bank9.4: registers has bank0.5"
    )
    assert.strictEqual(
      yield* failing("files.0.size"),
      "NoSuchField: valve/a has no field files.0.size: files.0 has file, lines"
    )
    assert.match(yield* failing("position.x"), /position has no fields/)
    const stream = yield* Effect.flip(blame(known, source, "valve/z", "position"))
    assert.include(stream, { _tag: "NoSuchStream" })
    const behavior = yield* Effect.flip(blame({ registry: new Map() }, source, "valve/a", "position"))
    assert.include(behavior, { _tag: "UnknownBehavior" })
  })
)

it.scoped("history that is redacted counts from the next base event on; without one it is an error", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Turn", by: 30 } }, { command: { _tag: "Turn", by: 1 } }])
    yield* source.journal.redact({ sequences: [1], commands: [] })
    const redacted = yield* Effect.flip(blame(known, source, "valve/a", "position"))
    assert.include(redacted, { _tag: "RedactedEvent", sequence: 1 })
    yield* based(source, 2, { ...initial, position: 31 })
    const { history, last } = yield* blame(known, source, "valve/a", "position")
    assert.strictEqual(history.length, 1)
    assert.deepInclude(last, { old: 0, new: 31 })
    assert.strictEqual(last?.moment.envelope.sequence, 3)
  })
)

it.scoped("history that was removed: the base event in its place is the first that set the field", () =>
  Effect.gen(function* () {
    const { history } = yield* blame(known, yield* compacted, "valve/a", "turns")
    assert.deepStrictEqual(
      history.map(({ moment, new: now, old }) => [moment.envelope.sequence, old, now]),
      [
        [4, 0, 3],
        [5, 3, 4],
        [6, 4, 5]
      ]
    )
  })
)
