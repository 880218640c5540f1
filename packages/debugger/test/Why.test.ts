/** Why an event happened and what it led to, across journals. */
import { assert, it } from "@effect/vitest"
import { why } from "@stopcopy/debugger"
import type { Effected, Source } from "@stopcopy/debugger"
import { Effect, Either } from "effect"
import { known } from "./Valve.ts"
import { fill, freshSource, over, tell } from "./worlds.ts"

const elsewhere = "f".repeat(32)

/** near:1 led to far:1, that to near:2 and far:2, near:2 to near:3. near:4 comes from a journal that is not here. */
const world = Effect.gen(function* () {
  const [near, far] = [yield* freshSource("near"), yield* freshSource("far")]
  yield* tell(near, [{ command: { _tag: "Turn", by: 1 } }])
  yield* tell(far, [{ command: { _tag: "Draw" }, cause: [1, near.journal.id] }], 2)
  yield* tell(
    near,
    [
      { command: { _tag: "Poke", register: 1, value: 2 }, cause: [1, far.journal.id] },
      { command: { _tag: "End", errno: 5 }, cause: [2] },
      { command: { _tag: "Turn", by: 2 }, cause: [8, elsewhere] }
    ],
    4
  )
  yield* tell(far, [{ command: { _tag: "Turn", by: 3 }, cause: [1] }], 9)
  return [near, far] as const
})

const places = (effects: ReadonlyArray<Effected>): ReadonlyArray<unknown> =>
  effects.map(({ batch, cause, effects: below }) => [
    `${cause.source.label}:${cause.sequence}`,
    `${batch.source.label}/${batch.batch}`,
    ...places(below)
  ])

const told = (sources: ReadonlyArray<Source>, source: Source, sequence: number) =>
  Effect.map(why(sources, known, { source, sequence }), ({ batch, beside, causes, effects, missing, moment }) => ({
    type: moment.envelope.type,
    command: batch.command && Either.getOrThrow(batch.command.command).json,
    causes: causes.map((each) => `${each.batch.source.label}:${each.moment.envelope.sequence}`),
    missing,
    effects: places(effects),
    beside: places(beside)
  }))

it.scoped("up to the root, with the command of each", () =>
  Effect.gen(function* () {
    const sources = yield* world
    const [near, far] = sources
    assert.deepStrictEqual(yield* told(sources, near, 3), {
      type: "Ended",
      command: '{"_tag":"End","errno":5}',
      causes: ["near:2", "far:1", "near:1"],
      missing: null,
      effects: [],
      beside: []
    })
    assert.deepStrictEqual((yield* told(sources, far, 2)).causes, ["far:1", "near:1"])
    assert.strictEqual((yield* told(sources, near, 2)).command, null)
  })
)

it.scoped("down to everything that it led to", () =>
  Effect.gen(function* () {
    const sources = yield* world
    const [near] = sources
    const { effects } = yield* told(sources, near, 1)
    assert.deepStrictEqual(effects, [
      ["near:1", "far/1", ["far:1", "near/2", ["near:2", "near/3"]], ["far:1", "far/2"]]
    ])
  })
)

it.scoped("a cause that no source has is named", () =>
  Effect.gen(function* () {
    const sources = yield* world
    const [near, far] = sources
    assert.include(yield* told(sources, near, 4), { missing: `${elsewhere}/8` })
    assert.include(yield* told([far], far, 1), { missing: `${near.journal.id}/1` })
  })
)

it.scoped("what other events of the same command led to is beside it", () =>
  Effect.gen(function* () {
    const [source] = yield* world
    const { journal } = source
    const text = new TextEncoder()
    const record = (by: number) => ({
      stream: 0,
      type: "Turned",
      schemaVersion: 1,
      encoding: 1,
      count: 1,
      payload: text.encode(`{"_tag":"Turned","by":${by},"at":0}`)
    })
    yield* journal.append({
      durability: "written",
      time: 20_000,
      correlation: "c",
      causation: null,
      command: null,
      streams: [{ stream: "valve/c", behavior: "valve", owner: null, expected: 0 }],
      records: [record(1), record(2)]
    })
    yield* tell(source, [{ id: "d", command: { _tag: "Draw" }, cause: [6] }], 30)
    const { beside, effects } = yield* told([source], source, 5)
    assert.deepStrictEqual([effects, beside], [[], [["near:6", "near/6"]]])
  })
)

it.scoped("a cycle, which only damage makes, ends", () =>
  Effect.gen(function* () {
    const [one, two] = [yield* freshSource("one"), yield* freshSource("two")]
    yield* tell(one, [{ command: { _tag: "Draw" }, cause: [1, two.journal.id] }])
    yield* tell(two, [{ command: { _tag: "Draw" }, cause: [1, one.journal.id] }])
    const { causes, effects, missing } = yield* told([one, two], one, 1)
    assert.deepStrictEqual(causes, ["two:1", "one:1"])
    assert.strictEqual(missing, `${two.journal.id}/1`)
    assert.deepStrictEqual(effects, [["one:1", "two/1"]])
  })
)

it.scoped("an event that is not there is a typed error with the range", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* fill(source, 2)
    const error = yield* Effect.flip(why([source], known, { source, sequence: 3 }))
    assert.include(error, { _tag: "NoSuchEvent", message: "one has no event 3: its events are 1 to 2" })
    const zero = yield* Effect.flip(why([source], known, { source, sequence: 0 }))
    assert.include(zero, { _tag: "NoSuchEvent" })
  })
)

it.scoped("a long chain of causes is followed page by page", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* fill(source, 2)
    let reads = 0
    const { journal } = source
    yield* tell(
      source,
      Array.from({ length: 600 }, (_, index) => ({ command: { _tag: "Draw" } as const, cause: [index + 2] as const }))
    )
    const counted = over(source, {
      batches: (after) => {
        reads++
        return journal.batches(after)
      }
    })
    const { causes, effects } = yield* why([counted], known, { source: counted, sequence: 500 })
    assert.strictEqual(causes.length, 498)
    assert.strictEqual(depthOf(effects), 102)
    assert.isBelow(reads, 10)
  })
)

const depthOf = (effects: ReadonlyArray<Effected>): number => {
  let depth = 0
  for (let level = effects; level.length > 0; depth++) level = level.flatMap((each) => each.effects)
  return depth
}
