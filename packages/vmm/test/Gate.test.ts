/** The gate: whoever comes to a shut gate waits and is let in, and shutting waits for those inside. */
import { assert, it } from "@effect/vitest"
import { Gate } from "@stopcopy/vmm"
import { Deferred, Effect, Fiber } from "effect"

it.effect("shutting waits for those inside; who comes then waits, and none is lost", () =>
  Effect.gen(function* () {
    const gate = new Gate()
    const done: Array<string> = []
    const hold = yield* Deferred.make<void>()
    yield* Effect.fork(
      gate.pass(
        Effect.zipRight(
          Deferred.await(hold),
          Effect.sync(() => done.push("inside"))
        )
      )
    )
    yield* Effect.yieldNow()
    const shut = yield* Effect.fork(
      Effect.zipRight(
        gate.shut,
        Effect.sync(() => done.push("shut"))
      )
    )
    yield* Effect.yieldNow()
    const later = yield* Effect.fork(gate.pass(Effect.sync(() => done.push("later"))))
    yield* Effect.yieldNow()
    assert.deepStrictEqual(done, [])
    yield* Deferred.succeed(hold, undefined)
    yield* Fiber.join(shut)
    assert.deepStrictEqual(done, ["inside", "shut"])
    yield* gate.open
    yield* Fiber.join(later)
    assert.deepStrictEqual(done, ["inside", "shut", "later"])
  })
)

it.effect("an interrupted shutting leaves the gate open, and so does an access that fails", () =>
  Effect.gen(function* () {
    const gate = new Gate()
    const inside = yield* Effect.fork(gate.pass(Effect.never))
    yield* Effect.yieldNow()
    const shut = yield* Effect.fork(gate.shut)
    yield* Effect.yieldNow()
    yield* Fiber.interrupt(shut)
    assert.strictEqual(yield* gate.pass(Effect.succeed(1)), 1)
    yield* Fiber.interrupt(inside)
    assert.strictEqual(yield* Effect.flip(gate.pass(Effect.fail("no"))), "no")
    yield* gate.shut
  })
)
