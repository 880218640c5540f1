/** Keeping history: what is older than the period is taken out, and nothing that was acknowledged is lost with it. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify } from "@stopcopy/runtime"
import { Duration, Effect, Layer, Logger, LogLevel, TestClock, TestContext } from "effect"
import { join } from "node:path"
import { keepHistory, keepingHistory } from "../../src/journal/keepHistory.ts"
import { journalOf } from "../../src/journal/openJournal.ts"
import { folder, hasEnded, pair, startCoordinator, starting, until } from "../support/world.ts"

const period = Duration.toMillis("30 days")

/** Works on the journal of a coordinator that has ended. */
const onJournal = <A, E>(file: string, use: Effect.Effect<A, E, ActorSystem | Journal>) =>
  Effect.scoped(Effect.provide(use, Layer.provideMerge(ActorSystem.layer, journalOf(file)))).pipe(
    Logger.withMinimumLogLevel(LogLevel.None)
  )

/** One migration that completed, its journal, and what was answered for it. */
const history = Effect.gen(function* () {
  const journal = join(yield* folder, "journal.db")
  const request = starting("an old story", { devices: ["pf0/vf0"] })
  const told = yield* Effect.scoped(
    Effect.gen(function* () {
      const one = yield* startCoordinator({ journal })
      yield* pair(one)
      const first = yield* one.client.migrations.start(request)
      yield* until(one, first.id, hasEnded)
      const shown = yield* one.client.migrations.show({ path: { id: first.id } })
      return { first, shown, list: yield* one.client.migrations.list({ urlParams: { limit: 10 } }) }
    })
  )
  return { journal, request, ...told }
})

it.scopedLive("two periods later the events are gone, and what they came to is not", () =>
  Effect.gen(function* () {
    const { first, journal, list, request, shown } = yield* history
    const clock = Effect.gen(function* () {
      const kept = yield* Journal
      assert.strictEqual(yield* keepHistory(period), period)
      assert.strictEqual(kept.anchor.sequence, 1, "the first period has nothing before it")
      yield* TestClock.adjust("29 days")
      assert.strictEqual(yield* keepHistory(period), Duration.toMillis("1 day"))
      assert.strictEqual(kept.anchor.sequence, 1)
      const { sequence } = yield* kept.head()
      yield* TestClock.adjust("1 day")
      assert.strictEqual(yield* keepHistory(period), period)
      assert.isAbove(kept.anchor.sequence, 1)
      assert.isAtMost(kept.anchor.sequence, sequence, "a whole period is there")
      yield* Verify.verify()
    })
    yield* onJournal(journal, Effect.provide(clock, TestContext.TestContext))

    const later = yield* startCoordinator({ journal })
    const { client } = later
    assert.deepStrictEqual(yield* client.migrations.show({ path: { id: first.id } }), shown)
    assert.deepStrictEqual(yield* client.migrations.list({ urlParams: { limit: 10 } }), list)
    assert.deepStrictEqual(yield* client.migrations.start(request), first, "the key stands for what it stood for")
    const gone = yield* Effect.promise(() => fetch(`${later.url}/api/v1/events?after=0&follow=false`))
    assert.strictEqual(gone.status, 400)
    assert.match(yield* Effect.promise(() => gone.text()), /what is before [0-9]+ was removed; begin after [0-9]+/)
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("nothing is done where everything is kept", () =>
  Effect.gen(function* () {
    const journal = join(yield* folder, "journal.db")
    const head = yield* onJournal(
      journal,
      Effect.zipRight(
        keepingHistory(0),
        Effect.flatMap(Journal, (kept) => kept.head())
      )
    )
    assert.strictEqual(head.sequence, 0)
  })
)
