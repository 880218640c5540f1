/** Stepping through a timeline, page by page. */
import { assert, it } from "@effect/vitest"
import { Stepper, loadIndex, loadPage, stepPage } from "@stopcopy/debugger"
import type { Source, StepIndex } from "@stopcopy/debugger"
import { Effect } from "effect"
import { known } from "./Valve.ts"
import { fill, freshSource, tell } from "./worlds.ts"

const turns = 400
const lines = 10

/** 400 turns by 0 of valve `a`; failures at 100 and 300 of `two`, which are places 0 and 1 as they have early times. */
const world = Effect.gen(function* () {
  const [one, two] = [yield* freshSource("one"), yield* freshSource("two")]
  yield* fill(one, turns)
  yield* tell(two, [{ command: { _tag: "End", errno: 5 } }], 100)
  yield* tell(two, [{ command: { _tag: "Log", file: 1, text: "needle" } }], 200)
  yield* tell(two, [{ command: { _tag: "End", errno: 6 } }], 300)
  return [one, two] as const
})

/** Feeds pages until the model wants none. */
const settled = (model: Stepper.Model): Effect.Effect<Stepper.Model> =>
  Effect.gen(function* () {
    let now = model
    for (let [page] = Stepper.wanted(now, lines); page !== undefined; [page] = Stepper.wanted(now, lines)) {
      const moments = yield* Effect.orDie(loadPage(known, now.index, page))
      now = Stepper.update(now, { _tag: "Loaded", page, moments })
    }
    return now
  })

const step = (model: Stepper.Model, action: Stepper.Action) => settled(Stepper.update(model, action))

const place = (model: Stepper.Model) => {
  const moment = Stepper.momentAt(model, model.cursor)
  return `${moment?.source.label}:${moment?.envelope.sequence}`
}

const opened = (sources: ReadonlyArray<Source>, filter = {}) =>
  Effect.flatMap(loadIndex(sources, known, filter), (index: StepIndex) => settled(Stepper.start(index)))

it.scoped("forward, back, first, last; the ends are said", () =>
  Effect.gen(function* () {
    let model = yield* opened(yield* world)
    assert.strictEqual(model.index.count, turns + 3)
    assert.strictEqual(place(model), "one:1")
    model = yield* step(model, { _tag: "Back" })
    assert.deepStrictEqual([model.cursor, model.notice], [0, "this is the first event"])
    model = yield* step(model, { _tag: "Forward" })
    assert.deepStrictEqual([place(model), model.notice], ["one:2", undefined])
    model = yield* step(model, { _tag: "Forward", count: 250 })
    assert.strictEqual(model.cursor, 251)
    model = yield* step(model, { _tag: "Back", count: 2 })
    assert.strictEqual(model.cursor, 249)
    model = yield* step(model, { _tag: "Last" })
    assert.strictEqual(place(model), `one:${turns}`)
    model = yield* step(model, { _tag: "Forward" })
    assert.strictEqual(model.notice, "this is the last event")
    model = yield* step(model, { _tag: "First" })
    assert.strictEqual(model.cursor, 0)
  })
)

it.scoped("to the next and the previous failure", () =>
  Effect.gen(function* () {
    let model = yield* opened(yield* world)
    model = yield* step(model, { _tag: "NextFailure" })
    assert.strictEqual(place(model), "two:1")
    model = yield* step(model, { _tag: "NextFailure" })
    assert.strictEqual(place(model), "two:3")
    model = yield* step(model, { _tag: "NextFailure" })
    assert.deepStrictEqual([place(model), model.notice], ["two:3", "no failure comes after this event"])
    model = yield* step(model, { _tag: "PreviousFailure" })
    assert.strictEqual(place(model), "two:1")
    model = yield* step(model, { _tag: "PreviousFailure" })
    assert.strictEqual(model.notice, "no failure is before this event")
  })
)

it.scoped("a search reads the pages it needs, both ways, for text and for a regular expression", () =>
  Effect.gen(function* () {
    let model = yield* opened(yield* world)
    const waiting = Stepper.update(model, { _tag: "Find", pattern: { kind: "text", text: "needle" }, step: 1 })
    assert.deepStrictEqual([waiting.cursor, waiting.search?.at], [0, stepPage])
    assert.deepStrictEqual(Stepper.wanted(waiting, lines), [1])
    assert.isUndefined(Stepper.update(waiting, { _tag: "Cancel" }).search)
    model = yield* settled(waiting)
    assert.strictEqual(place(model), "two:2")
    model = yield* step(model, { _tag: "FindNext" })
    assert.deepStrictEqual([place(model), model.notice], ["two:2", "'needle' is not found after this event"])
    model = yield* step(model, { _tag: "Find", pattern: { kind: "regex", text: '"errno":[56]' }, step: -1 })
    assert.strictEqual(place(model), "two:1")
    model = yield* step(model, { _tag: "FindNext" })
    assert.strictEqual(place(model), "two:3")
    model = yield* step(model, { _tag: "FindPrevious" })
    assert.strictEqual(place(model), "two:1")
    model = yield* step(model, { _tag: "Find", pattern: { kind: "regex", text: "(" }, step: 1 })
    assert.match(model.notice ?? "", /no regular expression/)
    assert.strictEqual(model.search, undefined)
  })
)

it.scoped("to a point, or the next event of its source; nothing to find before a search", () =>
  Effect.gen(function* () {
    const sources = yield* world
    let model = yield* opened(sources, { failures: true })
    assert.strictEqual(model.index.count, 2)
    model = yield* step(model, { _tag: "GoTo", source: 1, sequence: 2 })
    assert.strictEqual(place(model), "two:3")
    model = yield* step(model, { _tag: "GoTo", source: 0, sequence: 1 })
    assert.strictEqual(model.notice, "no event from 1 on is in this timeline")
    model = yield* step(model, { _tag: "FindNext" })
    assert.strictEqual(model.notice, "nothing was searched for yet")
  })
)

it.scoped("lines around the cursor, and few pages in memory", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    const count = stepPage * (Stepper.keptPages + 1)
    yield* fill(source, count)
    let model = yield* opened([source])
    assert.deepStrictEqual(
      Stepper.visible(model, 3).map(({ at, moment }) => [at, moment?.envelope.sequence]),
      [
        [0, 1],
        [1, 2],
        [2, 3]
      ]
    )
    for (let page = 0; page < Stepper.keptPages + 1; page++)
      model = yield* step(model, { _tag: "Forward", count: stepPage })
    assert.isAtMost(model.pages.size, Stepper.keptPages)
    const shown = Stepper.visible(model, 3)
    assert.deepStrictEqual(
      shown.map(({ moment }) => moment?.envelope.sequence),
      [count - 2, count - 1, count]
    )
  })
)

it.scoped("an empty timeline", () =>
  Effect.gen(function* () {
    let model = yield* opened([yield* freshSource("none")])
    for (const _tag of ["Forward", "Back", "First", "Last", "NextFailure"] as const) {
      model = yield* step(model, { _tag })
      assert.strictEqual(model.cursor, 0)
    }
    assert.deepStrictEqual(Stepper.visible(model, 5), [])
    assert.strictEqual(Stepper.momentAt(model, 0), undefined)
  })
)
