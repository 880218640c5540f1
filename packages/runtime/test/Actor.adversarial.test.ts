/** Orders of events that an actor must survive (A1 to A6), provoked with a storage that answers when the test lets it. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, JournalFull, Supervision } from "@stopcopy/runtime"
import { Cause, Effect, Either, Exit, Fiber, Option, Schema, TestClock } from "effect"
import { write } from "./Device.ts"
import { MemoryTapes } from "./MemoryTapes.ts"
import { actor, recorded, scripted, turn } from "./worlds.ts"

const durable = { durability: "durable" } as const
const full = new JournalFull({ journal: "memory" })

const isWaiting = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.map(Fiber.poll(fiber), Option.isNone)

/** What was recorded about defects. */
const stopsIn = (events: Effect.Effect.Success<typeof recorded>) =>
  events
    .filter(({ type }) => type === "ActorStopped")
    .map(({ payload }) => Schema.decodeSync(Supervision.behavior.event)(new TextDecoder().decode(payload ?? undefined)))

it.effect("A5: a defect behind entries on a tape names the last of them", () => {
  const { layer } = scripted(true, {}, { tapes: new MemoryTapes() })
  return Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.askAll([write(1), write(2), write(3)])
    assert.isTrue(Exit.isFailure(yield* Effect.exit(one.ask({ _tag: "Break", where: "decide" }))))
    const events = yield* recorded
    assert.deepStrictEqual(
      events.map(({ type }) => type),
      ["RegisterWritten", "RegisterWritten", "RegisterWritten", "ActorStopped"]
    )
    assert.strictEqual(stopsIn(events)[0]?.sequence, 3)
  }).pipe(Effect.provide(layer))
})

it.effect("A1: asked, not committed yet, looked at: what others see is never ahead of the journal", () => {
  const { commits, layer } = scripted(false)
  return Effect.gen(function* () {
    const one = yield* actor("0")
    const seen: Array<number> = []
    const watcher = yield* Effect.fork(one.until(({ writes }) => seen.push(writes) > 0 && writes === 2))
    commits.close()
    const asked = [yield* Effect.fork(one.ask(write(1))), yield* Effect.fork(one.ask(write(2)))]
    yield* turn
    assert.strictEqual(one.unsafeState().writes, 0)
    assert.strictEqual((yield* one.state).writes, 0)
    assert.strictEqual(one.unsafePosition(), 0)
    assert.isTrue(yield* isWaiting(watcher))
    commits.open()
    assert.deepStrictEqual(yield* Fiber.join(Fiber.all(asked)), [1, 2])
    assert.include(one.unsafeState(), { writes: 2, last: 2 })
    assert.strictEqual((yield* Fiber.join(watcher)).writes, 2)
    assert.deepStrictEqual(seen, [0, 1, 2])
  }).pipe(Effect.provide(layer))
})

it.effect("A4, A6: decided, decided on it, then the group fails: both are refused and the next turn starts anew", () =>
  Effect.gen(function* () {
    for (const synchronous of [true, false]) {
      const { layer, script } = scripted(synchronous)
      yield* Effect.gen(function* () {
        const one = yield* actor("0")
        yield* one.ask(write(7))
        script.faults.push({ fails: full })
        const asked = [1, 2].map((value) => Effect.flip(one.ask(write(value), durable)))
        const errors = yield* Effect.all(asked, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          errors.map(({ _tag }) => _tag),
          ["JournalFull", "JournalFull"]
        )
        assert.include(yield* one.state, { writes: 1, last: 7 })
        assert.strictEqual(yield* one.ask(write(8)), 2)
        assert.strictEqual((yield* recorded).length, 2)
      }).pipe(Effect.provide(layer))
    }
  })
)

it.effect("A2: an answer without events waits for the turns it was decided on, and fails with them", () =>
  Effect.gen(function* () {
    for (const options of [undefined, durable]) {
      for (const synchronous of [true, false]) {
        const { commits, layer, script } = scripted(synchronous)
        yield* Effect.gen(function* () {
          const one = yield* actor("0")
          commits.close()
          script.faults.push({ fails: full })
          const asked = yield* Effect.fork(Effect.flip(one.ask(write(5), durable)))
          yield* Effect.yieldNow()
          const looked = yield* Effect.fork(Effect.either(one.ask({ _tag: "Look" }, options)))
          commits.open()
          assert.include(yield* Fiber.join(asked), { _tag: "JournalFull" })
          const look = yield* Fiber.join(looked)
          // One who asked after the failure was known sees the state before.
          assert.notDeepEqual(look, Either.right(5))
          if (!synchronous) assert.include(Either.getOrThrow(Either.flip(look)), { _tag: "JournalFull" })
          commits.close()
          const again = yield* Effect.fork(one.ask(write(6), durable))
          commits.open()
          yield* Fiber.join(again)
          assert.strictEqual(yield* one.ask({ _tag: "Look" }, options), 6)
        }).pipe(Effect.provide(layer))
      }
    }
  })
)

it.effect(
  "A2: over a synchronous journal, in one turn: durable write, durable look, the commit fails: both fail",
  () => {
    const { layer, script } = scripted(true)
    return Effect.gen(function* () {
      const one = yield* actor("0")
      script.faults.push({ fails: full })
      const both = yield* Effect.all(
        [Effect.either(one.ask(write(5), durable)), Effect.either(one.ask({ _tag: "Look" }, durable))],
        { concurrency: "unbounded" }
      )
      for (const each of both) assert.include(Either.getOrThrow(Either.flip(each)), { _tag: "JournalFull" })
    }).pipe(Effect.provide(layer))
  }
)

it.effect("asked while it is being restored: all wait for one restoring, in their order", () => {
  const { layer, reads } = scripted(false)
  return Effect.gen(function* () {
    yield* Effect.flatMap(actor("0"), (one) => one.ask(write(1)))
    const twin = yield* Effect.gen(function* () {
      const system = yield* ActorSystem
      reads.close()
      const opened = yield* Effect.fork(actor("0"))
      yield* turn
      reads.open()
      const one = yield* Fiber.join(opened)
      yield* system.restart(one.stream)
      reads.close()
      const asked = yield* Effect.forEach([2, 3, 4], (value) => Effect.fork(one.ask(write(value))))
      yield* turn
      assert.strictEqual(reads.held, 1)
      const [, second] = asked
      if (second !== undefined) yield* Fiber.interrupt(second)
      reads.open()
      assert.deepStrictEqual(
        yield* Effect.forEach([asked[0], asked[2]], (fiber) => fiber ?? Effect.die("no fiber")),
        [2, 3]
      )
      return one.unsafeState()
    }).pipe(Effect.provide(ActorSystem.layer))
    assert.include(twin, { writes: 3, last: 4 })
  }).pipe(Effect.provide(layer))
})

it.effect("the one who began a restoring is interrupted: those who wait for it get their actor", () => {
  const { layer, reads } = scripted(false)
  return Effect.gen(function* () {
    reads.close()
    const first = yield* Effect.fork(actor("0"))
    yield* turn
    const second = yield* Effect.fork(Effect.flatMap(actor("0"), (one) => one.ask(write(1))))
    yield* turn
    yield* Fiber.interruptFork(first)
    yield* turn
    reads.open()
    assert.strictEqual(yield* Fiber.join(second), 1)
  }).pipe(Effect.provide(layer))
})

it.effect("restarted while a turn waits for its commit: the restoring waits for that turn", () => {
  const { commits, layer } = scripted(false)
  return Effect.gen(function* () {
    const one = yield* actor("0")
    commits.close()
    const asked = yield* Effect.fork(one.ask(write(1)))
    yield* turn
    yield* Effect.flatMap(ActorSystem, (system) => system.restart(one.stream))
    const next = yield* Effect.fork(one.ask(write(2)))
    yield* turn
    assert.strictEqual(commits.held, 1)
    commits.open()
    assert.deepStrictEqual([yield* Fiber.join(asked), yield* Fiber.join(next)], [1, 2])
  }).pipe(Effect.provide(layer))
})

it.effect("unsafeState of a passive actor restores it where the journal answers at once, and throws where not", () =>
  Effect.gen(function* () {
    for (const synchronous of [true, false]) {
      const { layer } = scripted(synchronous, { idle: "1 minute" })
      yield* Effect.gen(function* () {
        const one = yield* actor("0")
        yield* one.ask(write(1))
        yield* TestClock.adjust("3 minutes")
        assert.strictEqual(yield* Effect.flatMap(ActorSystem, ({ size }) => size), 0)
        if (synchronous) {
          assert.strictEqual(one.unsafePosition(), 1)
          assert.strictEqual(one.unsafeState().writes, 1)
        } else assert.throws(() => one.unsafeState(), /^device\/0 is not in memory and cannot be restored at once$/)
        assert.strictEqual(yield* one.ask(write(2)), 2)
      }).pipe(Effect.provide(layer))
    }
  })
)

it.effect("until: one who waits keeps the actor in memory; a passive one is restored before it is looked at", () => {
  const { layer, reads } = scripted(false, { idle: "1 minute" })
  return Effect.gen(function* () {
    const system = yield* ActorSystem
    const one = yield* actor("0")
    yield* one.ask(write(1))
    const waiter = yield* Effect.fork(one.until(({ writes }) => writes === 2))
    yield* turn
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(yield* system.size, 1)
    yield* one.ask(write(2))
    yield* Fiber.join(waiter)
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(yield* system.size, 0)
    reads.close()
    const seen: Array<number> = []
    const late = yield* Effect.fork(one.until(({ writes }) => seen.push(writes) > 0 && writes >= 2))
    yield* turn
    reads.open()
    assert.strictEqual((yield* Fiber.join(late)).writes, 2)
    assert.deepStrictEqual(seen, [2])
  }).pipe(Effect.provide(layer))
})

it.effect("a reference kept across passivation and the actor that came instead are one actor", () => {
  const { layer } = scripted(true, { idle: "1 minute" })
  return Effect.gen(function* () {
    const old = yield* actor("0")
    yield* old.ask(write(1))
    yield* TestClock.adjust("3 minutes")
    const fresh = yield* actor("0")
    assert.notStrictEqual(fresh, old)
    assert.strictEqual(yield* fresh.ask(write(2)), 2)
    assert.strictEqual(yield* old.ask(write(3)), 3)
    assert.strictEqual(yield* fresh.ask(write(4)), 4)
    assert.deepStrictEqual(yield* old.state, fresh.unsafeState())
    assert.strictEqual(yield* Effect.flatMap(ActorSystem, ({ size }) => size), 1)
  }).pipe(Effect.provide(layer))
})

it.effect("an actor that is asked stays in memory, whether its turns have events or not", () => {
  const { layer } = scripted(true, { idle: "1 minute" })
  return Effect.gen(function* () {
    const { size } = yield* ActorSystem
    const one = yield* actor("0")
    const look = { _tag: "Look" } as const
    for (const ask of [one.ask(write(1)), one.ask(look), one.askAll([look, look]), one.ask(look)]) {
      yield* ask
      yield* TestClock.adjust("45 seconds")
      assert.strictEqual(yield* size, 1)
    }
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(yield* size, 0)
  }).pipe(Effect.provide(layer))
})

it.effect("A5: the journal is full when a defect should be recorded: the caller dies of both", () =>
  Effect.gen(function* () {
    for (const synchronous of [true, false]) {
      const { layer, script } = scripted(synchronous)
      yield* Effect.gen(function* () {
        const one = yield* actor("0")
        script.faults.push({ fails: full })
        const exit = yield* Effect.exit(one.ask({ _tag: "Break", where: "decide" }))
        const text = Exit.match(exit, { onFailure: Cause.pretty, onSuccess: () => "answered" })
        assert.match(text, /decide is broken/)
        assert.match(text, /no space is left for journal memory/)
        assert.strictEqual(yield* one.ask(write(1)), 1)
      }).pipe(Effect.provide(layer))
    }
  })
)

it.effect("A5: a defect behind turns that wait: they are kept, and the defect is recorded behind them", () => {
  const { commits, layer } = scripted(false)
  return Effect.gen(function* () {
    const one = yield* actor("0")
    commits.close()
    const asked = yield* Effect.fork(one.ask(write(1)))
    yield* turn
    const broken = yield* Effect.fork(Effect.exit(one.ask({ _tag: "Break", where: "evolve" })))
    const next = yield* Effect.fork(one.ask(write(2)))
    yield* turn
    commits.open()
    assert.deepStrictEqual([yield* Fiber.join(asked), yield* Fiber.join(next)], [1, 2])
    assert.isTrue(Exit.isFailure(yield* Fiber.join(broken)))
    const events = yield* recorded
    assert.deepStrictEqual(events.map(({ type }) => type).toSorted(), [
      "ActorStopped",
      "RegisterWritten",
      "RegisterWritten"
    ])
    assert.strictEqual(stopsIn(events)[0]?.sequence, 1)
  }).pipe(Effect.provide(layer))
})

it.effect("the scope of a journal ends while turns wait: they are committed first", () =>
  Effect.gen(function* () {
    const { layer, script } = scripted(false)
    const asked = yield* Effect.gen(function* () {
      const one = yield* actor("0")
      const fibers = yield* Effect.forEach([1, 2, 3], (value) => Effect.forkDaemon(one.ask(write(value), durable)))
      yield* Effect.yieldNow()
      yield* Journal
      return fibers
    }).pipe(Effect.provide(layer))
    assert.deepStrictEqual(yield* Fiber.join(Fiber.all(asked)), [1, 2, 3])
    assert.strictEqual(script.commits.flatMap(({ streams }) => streams).length, 3)
  })
)
