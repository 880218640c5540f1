/** Following a journal: every event from a position on, each once, in order, whoever appends and whenever one begins. */
import { assert, describe, it } from "@effect/vitest"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import type { Context } from "effect"
import { Chunk, Effect, Fiber, Layer, Stream, TestClock } from "effect"
import { Signal } from "../src/Signal.ts"
import { write } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { actor, journals, turn } from "./worlds.ts"

/** Sequences of the next `count` events after `after`. */
const follow = (after: number, count: number) =>
  Effect.flatMap(Journal, (journal) =>
    journal.live(after).pipe(
      Stream.take(count),
      Stream.runCollect,
      Effect.map((events) => Chunk.toReadonlyArray(events).map(({ sequence }) => sequence))
    )
  )

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const suite = <E>(journal: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, journal)

  it.effect("while many fibers append, written and durable: no gap, no repetition, from any position, for each", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(actor("0"), (one) => one.ask(write(0)))
      const early = yield* Effect.forEach([0, 0, 1, 150], (after) => Effect.fork(follow(after, 401 - after)))
      const appending = yield* Effect.fork(
        Effect.forEach(
          numbers(1, 400),
          (value) =>
            Effect.gen(function* () {
              const one = yield* actor(`${value % 7}`)
              yield* Effect.yieldNow()
              yield* one.ask(write(value), { durability: value % 3 === 0 ? "durable" : "written" })
            }),
          { concurrency: 40, discard: true }
        )
      )
      yield* turn
      const late = yield* Effect.fork(follow(20, 381))
      yield* Fiber.join(appending)
      yield* Effect.flatMap(Journal, (each) => each.head())
      // What is on tapes is appended by reading the head; one more append tells those who wait.
      yield* Effect.flatMap(actor("last"), (one) => one.ask({ _tag: "Open", file: 0 }))
      assert.deepStrictEqual(
        yield* Fiber.join(Fiber.all(early)),
        [0, 0, 1, 150].map((after) => numbers(after + 1, 401))
      )
      assert.deepStrictEqual(yield* Fiber.join(late), numbers(21, 401))
      assert.deepStrictEqual(yield* follow(390, 12), numbers(391, 402))
    }).pipe(Effect.provide(world))
  )

  it.effect("at the end of the journal it waits; interrupted while it waits, it is gone", () =>
    Effect.gen(function* () {
      const [stays, goes] = yield* Effect.all([Effect.fork(follow(0, 1)), Effect.fork(follow(0, 2))])
      yield* turn
      yield* Fiber.interrupt(goes)
      yield* Effect.flatMap(actor("0"), (one) => one.ask({ _tag: "Open", file: 0 }))
      assert.deepStrictEqual(yield* Fiber.join(stays), [1])
    }).pipe(Effect.provide(world))
  )
}

for (const [name, layer] of Object.entries(journals)) {
  describe(`over ${name}`, () => {
    suite(layer)
  })
}

it.scoped("across two openings of one file: with a poll it follows, without one it does not", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const writer = yield* Layer.build(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file })))
    const one = yield* Effect.provide(actor("0"), writer)
    yield* one.ask(write(0))
    const polling = yield* Layer.build(layerSqlite({ file, poll: "200 millis" }))
    const reading = yield* Layer.build(layerSqlite({ file, readOnly: true, poll: "1 second" }))
    const still = yield* Layer.build(layerSqlite({ file }))
    const following = (context: Context.Context<Journal>) => Effect.fork(Effect.provide(follow(0, 3), context))
    const [polled, read, quiet] = yield* Effect.all([following(polling), following(reading), following(still)])
    yield* turn
    for (const value of [1, 2]) yield* one.ask(write(value), { durability: "durable" })
    yield* TestClock.adjust("200 millis")
    assert.deepStrictEqual(yield* Fiber.join(polled), [1, 2, 3])
    yield* TestClock.adjust("800 millis")
    assert.deepStrictEqual(yield* Fiber.join(read), [1, 2, 3])
    yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* Fiber.poll(quiet))._tag, "None")
    yield* Fiber.interrupt(quiet)
  })
)

it.effect("a signal raised between the look and the wait is not missed, and frees those who gave up", () =>
  Effect.gen(function* () {
    const signal = new Signal()
    const seen = signal.raised
    signal.raise()
    yield* signal.after(seen)
    const waiters = yield* Effect.forEach([1, 2, 3], () => Effect.fork(signal.after(signal.raised)))
    yield* turn
    const [first, ...others] = waiters
    if (first !== undefined) yield* Fiber.interrupt(first)
    signal.raise()
    yield* Fiber.join(Fiber.all(others))
    assert.strictEqual(signal.raised, 2)
  })
)
