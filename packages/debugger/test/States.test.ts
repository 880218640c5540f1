/** States at any point: those that were live then, and the reason where there is none. */
import { assert, it } from "@effect/vitest"
import { diffStates, formatPath, pointsAt, stateOf, statesAt } from "@stopcopy/debugger"
import type { ActorState } from "@stopcopy/debugger"
import { Replay } from "@stopcopy/runtime"
import { Arbitrary, FastCheck, Effect, Either, Schema } from "effect"
import { initial, known, valve } from "./Valve.ts"
import { compacted, copyOf, edited, freshSource, over, snapshotOf, tell } from "./worlds.ts"
import type { Told } from "./worlds.ts"

const valueOf = ({ past }: ActorState): unknown => Either.getOrThrow(past).state.value
const reasonOf = ({ past }: ActorState): string => Either.getOrThrow(Either.flip(past)).message

const some: ReadonlyArray<Told> = [
  { command: { _tag: "Turn", by: 30 } },
  { command: { _tag: "Log", file: 1, text: "x" } },
  { id: "b", command: { _tag: "Turn", by: 1 } },
  { command: { _tag: "Poke", register: 4, value: 77 } }
]

it.effect.prop(
  "the state at every point is the state that was live then",
  [FastCheck.array(Arbitrary.make(Schema.typeSchema(valve.command)), { maxLength: 8 })],
  ([commands]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const source = yield* freshSource("one")
        const states = yield* tell(
          source,
          commands.map((command) => ({ command }))
        )
        for (const [index, state] of [initial, ...states].entries()) {
          if (commands.length === 0) continue
          const past = yield* stateOf(known, { source, sequence: index }, "valve/a")
          assert.deepStrictEqual(valueOf(past), state)
        }
      })
    ),
  { fastCheck: { numRuns: 15 } }
)

it.scoped("every actor that had an event by then is there; owned streams on request", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, some)
    const at = (sequence: number, owned = false) =>
      Effect.map(statesAt(known, { source, sequence }, { owned }), (states) => states.map(({ stream }) => stream))
    assert.deepStrictEqual(yield* at(0), [])
    assert.deepStrictEqual(yield* at(2), ["valve/a"])
    assert.deepStrictEqual(yield* at(4), ["valve/a", "valve/b"])
    assert.deepStrictEqual(yield* at(1, true), ["valve/a"])
    assert.deepStrictEqual(yield* at(4, true), ["valve/a", "valve/a/log/1", "valve/b"])
    assert.include(yield* Effect.flip(stateOf(known, { source, sequence: 4 }, "valve/z")), { _tag: "NoSuchStream" })
  })
)

it.scoped("an actor that so far only wrote a stream it owns is there", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Log", file: 1, text: "x" } }])
    const [state, ...others] = yield* statesAt(known, { source, sequence: 1 })
    assert.deepInclude(state, { stream: "valve/a", behavior: "valve", owner: null })
    assert.strictEqual(others.length, 0)
  })
)

it.scoped("a snapshot before the point is used", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Turn", by: 1 } }, { command: { _tag: "Turn", by: 1 } }])
    yield* source.journal.saveSnapshot(snapshotOf(1, { ...initial, position: 50, turns: 50 }))
    const now = yield* stateOf(known, { source, sequence: 2 }, "valve/a")
    assert.deepInclude(valueOf(now), { position: 2, turns: 51 })
    const before = yield* stateOf(known, { source, sequence: 0 }, "valve/a")
    assert.deepStrictEqual(valueOf(before), initial)
  })
)

it.scoped("a state that cannot be computed is a value with the reason", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, some)
    const point = { source, sequence: 4 }
    const unknown = yield* statesAt({ registry: new Map() }, point)
    assert.deepStrictEqual(unknown.map(reasonOf), [
      "stream valve/a belongs to behavior valve, which is not registered here",
      "stream valve/b belongs to behavior valve, which is not registered here"
    ])
    assert.strictEqual((yield* statesAt({ registry: new Map() }, { source, sequence: 2 })).length, 1)
    const damaged = yield* copyOf(source, (request) => ({
      ...request,
      records: request.records.map((record) => ({ ...record, payload: edited(record.payload, '"by":30', '"by":"x"') }))
    }))
    assert.match(
      reasonOf(yield* stateOf(known, { ...point, source: damaged }, "valve/a")),
      /event 1 .*cannot be decoded/
    )
    yield* source.journal.redact({ sequences: [1], commands: [] })
    assert.match(reasonOf(yield* stateOf(known, point, "valve/a")), /event 1 .*is redacted/)
  })
)

it.scoped("a state whose beginning is not kept is unknown, not wrong", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, some)
    const part = over(source, {
      toFold: (stream) =>
        Effect.map(source.journal.toFold(stream), (cursor) => ({
          next: () => Effect.map(cursor.next(), (events) => events.filter(({ sequence }) => sequence > 1))
        }))
    })
    for (const sequence of [1, 4]) {
      const state = yield* stateOf(known, { source: part, sequence }, "valve/a")
      assert.match(reasonOf(state), /not kept here: versions 1 to 1 of its stream/)
    }
  })
)

it.scoped("where a prefix was removed, states are those since its base events; before them they are unknown", () =>
  Effect.gen(function* () {
    const source = yield* compacted
    const at = (sequence: number) => stateOf(known, { source, sequence }, "valve/a")
    assert.deepInclude(valueOf(yield* at(4)), { turns: 3 })
    assert.deepInclude(valueOf(yield* at(6)), { turns: 5 })
    assert.match(reasonOf(yield* at(0)), /not kept here: versions 1 to 3/)
    assert.strictEqual((yield* statesAt(known, { source, sequence: 0 })).length, 1)
  })
)

it.scoped("an evolve that throws, and a state outside its schema, are reasons", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Turn", by: 1 } }])
    const brokenWith = (evolve: typeof valve.evolve) => {
      const broken = { ...valve, evolve }
      return stateOf({ registry: new Map([["valve", Replay.replayable(broken)]]) }, { source, sequence: 1 }, "valve/a")
    }
    const throwing = yield* brokenWith(() => {
      throw new Error("worn out")
    })
    assert.match(reasonOf(throwing), /evolve threw Error: worn out/)
    const outside = yield* brokenWith((state) => ({ ...state, position: 0.5 }))
    assert.match(reasonOf(outside), /outside its schema/)
  })
)

it.scoped("the same moment in other sources is what the merged timeline shows before it", () =>
  Effect.gen(function* () {
    const [one, two] = [yield* freshSource("one"), yield* freshSource("two")]
    yield* tell(one, some)
    yield* tell(two, some, 3)
    const at = (sequence: number) =>
      Effect.map(pointsAt([one, two], { source: two, sequence }), (points) => points.map((each) => each.sequence))
    assert.deepStrictEqual(yield* at(0), [0, 0])
    assert.deepStrictEqual(yield* at(1), [3, 1])
    assert.deepStrictEqual(yield* at(4), [4, 4])
    assert.deepStrictEqual(
      (yield* pointsAt([one], { source: one, sequence: 2 })).map(({ sequence }) => sequence),
      [2]
    )
  })
)

it.scoped("diff shows what changed in each actor between two points, both ways", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, some)
    const diff = (from: number, to: number, stream?: string) =>
      Effect.map(
        diffStates(known, { source, sequence: from }, { source, sequence: to }, stream === undefined ? {} : { stream }),
        (diffs) =>
          diffs.map(({ changes, stream: name }) => [
            name,
            ...changes.map((change) => [formatPath(change.path), change.kind, change.old, change.new])
          ])
      )
    assert.deepStrictEqual(yield* diff(1, 4), [
      [
        "valve/a",
        ["registers.bank0.4", "added", undefined, 77],
        ["files.0", "added", undefined, { file: 1, lines: 1 }]
      ],
      ["valve/b", ["position", "changed", 0, 1], ["turns", "changed", 0, 1]]
    ])
    assert.deepStrictEqual(yield* diff(4, 3), [["valve/a", ["registers.bank0.4", "removed", 77, undefined]]])
    assert.deepStrictEqual(yield* diff(1, 4, "valve/b"), [
      ["valve/b", ["position", "changed", 0, 1], ["turns", "changed", 0, 1]]
    ])
    assert.deepStrictEqual(yield* diff(4, 4), [])
    const unknown = yield* diffStates({ registry: new Map() }, { source, sequence: 3 }, { source, sequence: 4 })
    assert.deepStrictEqual(
      unknown.map(({ changes }) => changes),
      [[], []]
    )
  })
)
