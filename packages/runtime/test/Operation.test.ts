/** The invariants O1 to O4 of long work. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, JournalFull, Operation } from "@stopcopy/runtime"
import { Chunk, Deferred, Effect, Either, Fiber, Layer, Ref, Stream } from "effect"
import { banks, device, draining } from "./Device.ts"
import type { Command } from "./Device.ts"
import { scripted } from "./worlds.ts"

const TestSystem = Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)
const actor = Effect.flatMap(ActorSystem, (system) => system.actor(device, "0"))
const drained = (id: number): Command => ({ _tag: "Drained", id })

it.effect("an operation is driven to its end, each outcome caused by the event that named the action", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const done = yield* Ref.make(0)
    const perform = () =>
      Effect.as(
        Ref.update(done, (count) => count + 1),
        drained(1)
      )
    assert.strictEqual(yield* Operation.drive(one, { ...draining, perform }, 1), "drained")
    assert.strictEqual(yield* done, banks)
    assert.strictEqual(yield* Operation.drive(one, { ...draining, perform }, 1), "drained")
    assert.strictEqual(yield* done, banks, "an ended operation performs nothing")
    const journal = yield* Journal
    const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0)))
    assert.deepStrictEqual(
      events.map(({ causation }) => causation),
      [null, "1", "2", "2"]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect("what has nothing to wait for is carried on at once, up to what has", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const perform = () => Effect.never
    const nothing = { ...draining, perform }
    assert.isUndefined(yield* Operation.advance(one, nothing, 1), "everything is waited for")
    const first = { ...nothing, atOnce: (left: number) => Effect.succeed(left === banks ? drained(1) : undefined) }
    assert.isUndefined(yield* Operation.advance(one, first, 1), "the rest is waited for")
    assert.strictEqual((yield* one.state).drain?.left, banks - 1)
    const all = { ...nothing, atOnce: () => Effect.succeed(drained(1)) }
    assert.deepStrictEqual(yield* Operation.advance(one, all, 1), Either.right("drained" as const))
    assert.deepStrictEqual(yield* Operation.advance(one, all, 1), Either.right("drained" as const), "it has ended")
    const journal = yield* Journal
    const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0)))
    assert.deepStrictEqual(
      events.map(({ causation }) => causation),
      [null, "1", "2", "2"]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect("O1: after a restart the operation goes on where the journal ends", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    yield* one.ask(drained(1))
    const restarted = yield* Effect.provide(actor, ActorSystem.layer)
    const performed = yield* Ref.make<ReadonlyArray<number>>([])
    const perform = (left: number) =>
      Effect.as(
        Ref.update(performed, (all) => [...all, left]),
        drained(1)
      )
    assert.strictEqual(yield* Operation.drive(restarted, { ...draining, perform }, 1), "drained")
    assert.deepStrictEqual(yield* performed, [1])
  }).pipe(Effect.provide(TestSystem))
)

it.effect("O3: a reset interrupts the action and gives its errno to the waiter", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const started = yield* Deferred.make<void>()
    const interrupted = yield* Deferred.make<void>()
    const perform = () =>
      Deferred.succeed(started, undefined).pipe(
        Effect.zipRight(Effect.never),
        Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
      )
    const waiter = yield* Effect.fork(Effect.flip(Operation.drive(one, { ...draining, perform }, 1)))
    yield* Deferred.await(started)
    yield* one.ask({ _tag: "Reset" })
    yield* Deferred.await(interrupted)
    assert.include(yield* Fiber.join(waiter), { _tag: "EIO", errno: 5 })
  }).pipe(Effect.provide(TestSystem))
)

it.effect("O3: a reset interrupts the action also where its waiter cannot be interrupted", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const started = yield* Deferred.make<void>()
    const perform = () => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
    const waiter = yield* Operation.drive(one, { ...draining, perform }, 1).pipe(
      Effect.flip,
      Effect.uninterruptible,
      Effect.fork
    )
    yield* Deferred.await(started)
    yield* one.ask({ _tag: "Reset" })
    assert.include(yield* Fiber.join(waiter), { _tag: "EIO", errno: 5 })
  }).pipe(Effect.provide(TestSystem))
)

it.effect("O3: an outcome that comes after the end changes nothing and is no failure of its own", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const perform = () => Effect.as(Effect.orDie(one.ask({ _tag: "Reset" })), drained(1))
    const failure = yield* Effect.flip(Operation.drive(one, { ...draining, perform }, 1))
    assert.include(failure, { _tag: "EIO" })
    assert.deepStrictEqual(one.unsafeState().ended, [{ id: 1, errno: 5 }])
  }).pipe(Effect.provide(TestSystem))
)

it.effect("O4: an interrupted waiter leaves the operation pending, and it can be driven again", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const started = yield* Deferred.make<void>()
    const stuck = () => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
    const waiter = yield* Effect.fork(Operation.drive(one, { ...draining, perform: stuck }, 1))
    yield* Deferred.await(started)
    yield* Fiber.interrupt(waiter)
    assert.deepStrictEqual(one.unsafeState().drain, { id: 1, left: banks })
    const perform = () => Effect.succeed(drained(1))
    assert.strictEqual(yield* Operation.drive(one, { ...draining, perform }, 1), "drained")
  }).pipe(Effect.provide(TestSystem))
)

it.effect("an operation waits while another one is pending", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const perform = () => Effect.suspend(() => Effect.succeed(drained(one.unsafeState().drain?.id ?? 0)))
    const second = yield* Effect.fork(Operation.drive(one, { ...draining, perform }, 2))
    yield* Operation.drive(one, { ...draining, perform }, 1)
    yield* one.ask({ _tag: "Drain", id: 2 })
    assert.strictEqual(yield* Fiber.join(second), "drained")
    assert.deepStrictEqual(
      one.unsafeState().ended.map(({ id }) => id),
      [1, 2]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect("an outcome refused while the operation is pending is the waiter's failure", () =>
  Effect.gen(function* () {
    const one = yield* actor
    yield* one.ask({ _tag: "Drain", id: 1 })
    const perform = () => Effect.succeed(drained(99))
    const failure = yield* Effect.flip(Operation.drive(one, { ...draining, perform }, 1))
    assert.include(failure, { _tag: "EINVAL" })
  }).pipe(Effect.provide(TestSystem))
)

it.effect(
  "an outcome that the journal cannot take is the waiter's failure, and the operation can be driven again",
  () =>
    Effect.gen(function* () {
      for (const synchronous of [true, false]) {
        const { layer, script } = scripted(synchronous)
        yield* Effect.gen(function* () {
          const one = yield* actor
          yield* one.ask({ _tag: "Drain", id: 1 })
          const perform = () => Effect.succeed(drained(1))
          script.faults.push({ fails: new JournalFull({ journal: "memory" }) })
          assert.include(yield* Effect.flip(Operation.drive(one, { ...draining, perform }, 1)), { _tag: "JournalFull" })
          script.faults.push({ fails: new JournalFull({ journal: "memory" }) })
          // Neither where it begins with an actor that is out of memory.
          assert.include(yield* Effect.flip(one.ask({ _tag: "Open", file: 1 })), { _tag: "JournalFull" })
          assert.strictEqual(yield* Operation.drive(one, { ...draining, perform }, 1), "drained")
          assert.strictEqual(yield* one.position, banks + 2)
        }).pipe(Effect.provide(layer))
      }
    })
)
