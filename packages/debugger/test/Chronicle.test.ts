/** The timeline by place: its order is that of `timeline`, its causes are those of `why`, and its failures are those of every moment. */
import { assert, it } from "@effect/vitest"
import { causeless, loadChronicle, pointsAt, timeline } from "@stopcopy/debugger"
import type { Source } from "@stopcopy/debugger"
import { Effect, Stream } from "effect"
import { known } from "./Valve.ts"
import { freshSource, tell } from "./worlds.ts"

/** near:1 led to far:1, that to near:2; near:3 comes from a journal that is not here, near:4 is refused. */
const world = Effect.gen(function* () {
  const [near, far] = [yield* freshSource("near"), yield* freshSource("far")]
  yield* tell(near, [{ command: { _tag: "Turn", by: 1 } }])
  yield* tell(far, [{ command: { _tag: "Draw" }, cause: [1, near.journal.id] }], 2)
  yield* tell(
    near,
    [
      { command: { _tag: "Log", file: 1, text: "x" }, cause: [1, far.journal.id] },
      { command: { _tag: "Turn", by: 2 }, cause: [8, "f".repeat(32)] },
      { command: { _tag: "Turn", by: 100 } },
      { command: { _tag: "End", errno: 5 } },
      { command: { _tag: "End", errno: 0 } }
    ],
    4
  )
  const sources: readonly [Source, Source] = [near, far]
  return { sources, chronicle: yield* loadChronicle(sources, known) }
})

it.scoped("has every event in the order of the timeline, with its actor and whether it is a failure", () =>
  Effect.gen(function* () {
    const { chronicle, sources } = yield* world
    const moments = [...(yield* Stream.runCollect(timeline(sources, known)))]
    const rows = moments.map(({ envelope, failure, source }, place) => {
      const actor = chronicle.actors[chronicle.actorOf[place] ?? -1]
      return [
        [source.label, envelope.sequence, failure !== undefined, envelope.type, envelope.owner ?? envelope.stream],
        [
          sources[chronicle.sourceOf[place] ?? -1]?.label,
          chronicle.moments[place]?.envelope.sequence,
          chronicle.failing[place] === 1,
          chronicle.types[chronicle.typeOf[place] ?? -1],
          actor?.stream
        ]
      ]
    })
    for (const [expected, found] of rows) assert.deepStrictEqual(found, expected)
    assert.strictEqual(chronicle.count, moments.length)
    assert.deepStrictEqual(
      chronicle.actors.map(({ behavior, source, stream }) => [source, stream, behavior]),
      [
        [0, "valve/a", "valve"],
        [1, "valve/a", "valve"]
      ]
    )
    assert.isTrue(chronicle.failing.includes(1))
  })
)

it.scoped("knows what led to an event, and what it led to, across sources", () =>
  Effect.gen(function* () {
    const { chronicle } = yield* world
    assert.deepStrictEqual(Array.from(chronicle.causes.subarray(0, 4)), [causeless.outside, 0, 1, causeless.elsewhere])
    assert.deepStrictEqual([chronicle.effectsOf(0), chronicle.effectsOf(1), chronicle.effectsOf(3)], [[1], [2], []])
    assert.deepStrictEqual([chronicle.place(1, 1), chronicle.place(0, 2), chronicle.place(0, 99)], [1, 2, undefined])
  })
)

it.scoped("says where every source is at a place", () =>
  Effect.gen(function* () {
    const { chronicle, sources } = yield* world
    for (let place = 0; place < chronicle.count; place++) {
      const moment = chronicle.moments[place]
      if (moment === undefined) continue
      const point = { source: moment.source, sequence: moment.envelope.sequence }
      assert.deepStrictEqual(chronicle.pointsAt(place), yield* pointsAt(sources, point))
    }
    assert.deepStrictEqual(
      chronicle.pointsAt(-1).map(({ sequence }) => sequence),
      [0, 0]
    )
  })
)
