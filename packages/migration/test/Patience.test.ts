/** How often and how long a call is tried, and that what was begun is awaited. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import { defaultPatience } from "@stopcopy/migration"
import { patiently } from "../src/Patience.ts"

const failing = (tag: string) => {
  let tries = 0
  const call = Effect.suspend(() => {
    tries++
    return Effect.fail({ _tag: tag })
  })
  return { call, tries: () => tries }
}

describe("patiently", () => {
  it.effect("tries five times, with pauses that double", () =>
    Effect.gen(function* () {
      const { call, tries } = failing("AgentUnreachable")
      const fiber = yield* Effect.fork(Effect.flip(patiently(defaultPatience, call)))
      const seen: Array<number> = []
      for (const pause of ["0 millis", "100 millis", "200 millis", "400 millis", "800 millis"] as const) {
        yield* TestClock.adjust(pause)
        seen.push(tries())
      }
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "AgentUnreachable")
    })
  )

  it.effect("does not try again what will not pass", () =>
    Effect.gen(function* () {
      const { call, tries } = failing("StaleEpoch")
      assert.strictEqual((yield* Effect.flip(patiently(defaultPatience, call)))._tag, "StaleEpoch")
      assert.strictEqual(tries(), 1)
    })
  )

  it.effect("gives a call up at its limit", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(patiently({ ...defaultPatience, tries: 1 }, Effect.never)))
      yield* TestClock.adjust("29 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "NoAnswer", message: "no answer within 30000 ms" })
    })
  )

  it.effect("awaits what was begun, also when it is not wanted any more", () =>
    Effect.gen(function* () {
      const [begun, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const call = Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(answer))
      const fiber = yield* Effect.fork(patiently(defaultPatience, call))
      yield* Deferred.await(begun)
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 second")
      assert.isNull(interrupting.unsafePoll())
      yield* Deferred.succeed(answer, undefined)
      yield* Fiber.join(interrupting)
    })
  )
})
