/** Opening a bundle in the page: what is there, how far it is, and what cannot be known in words. */
import { assert, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { openJourney, type Progress, standingAt } from "../../src/travel/Journey.ts"
import { nowOf, wordOf } from "../../src/travel/standings.ts"
import { smallBundle, smallJourney } from "./journeys.ts"

it.live("has the timeline of all journals, and states of actors whose behavior is known", () =>
  Effect.gen(function* () {
    const progress: Array<Progress> = []
    const journey = yield* openJourney("small", yield* smallBundle, (each) => progress.push(each))
    const { chronicle, damage, tracks } = journey
    assert.deepStrictEqual([chronicle.count, chronicle.actors.length, damage.length], [7, 3, 0])
    const states = chronicle.actors.map(({ behavior }, actor) =>
      Either.match(standingAt(journey, actor, 6), {
        onLeft: (reason) => reason,
        onRight: (standing) => wordOf(behavior, standing)
      })
    )
    assert.deepStrictEqual(states.slice(0, 2), ["held", "STOP_COPY"])
    assert.match(states[2] ?? "", /behavior door/)
    assert.isTrue(Either.isLeft(tracks[2] ?? Either.right(undefined)))
    assert.deepStrictEqual(progress.at(-1), { what: "the states of every actor", part: 1 })
    assert.include(
      progress.map(({ what }) => what),
      "the events"
    )
  })
)

it.live("says what the event at the cursor changed, and nothing of other actors", () =>
  Effect.gen(function* () {
    const journey = yield* smallJourney
    const changed = (actor: number, place: number) =>
      nowOf(journey, actor, place).changes.map(({ path }) => path.join("."))
    assert.include(changed(1, 1), "migrationState")
    assert.deepStrictEqual(changed(0, 1), [])
    assert.deepStrictEqual(changed(1, -1), [])
    const before = Either.getOrThrow(standingAt(journey, 1, -1))
    assert.deepStrictEqual([before.sequence, before.field("migrationState")], [0, "RUNNING"])
  })
)

it.live("refuses what is no bundle in one line", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(openJourney("notes.txt", new TextEncoder().encode("hello"), () => undefined))
    assert.strictEqual(error.message, "notes.txt is not a bundle of Stopcopy: it is no gzip file")
  })
)
