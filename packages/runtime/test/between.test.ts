/** Something else that writes to an actor's streams: it has its turn between two of the actor's, whatever is under way. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Compaction, Journal, Replay } from "@stopcopy/runtime"
import type { JournalDriver } from "@stopcopy/runtime"
import { Effect, Fiber, Option } from "effect"
import { device, deviceFile, write } from "./Device.ts"
import { json, own, request } from "./journal.contract.ts"
import { asynchronousDriver, Gate, Script } from "./ScriptedDriver.ts"
import { actor, recorded, scripted, turn } from "./worlds.ts"

const known = Replay.registry(Replay.replayable(device), Replay.replayable(deviceFile))
const stream = "device/0"

const isWaiting = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.map(Fiber.poll(fiber), Option.isNone)

const types = Effect.map(recorded, (events) => events.map(({ type }) => type))

/** Turns of the other fibers that everything here needs, and more. */
const settled = Effect.repeatN(turn, 100)

it.effect("base events wait for the turns before them, and the turns behind wait for them", () => {
  const { commits, layer } = scripted(false)
  return Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask(write(0))
    commits.close()
    const before = yield* Effect.fork(one.ask(write(1)))
    yield* settled
    const bases = yield* Effect.fork(Compaction.writeBases(known))
    yield* settled
    const behind = yield* Effect.fork(one.askAll([write(2), write(3)]))
    yield* settled
    assert.strictEqual(one.unsafeState().writes, 1)
    commits.open()
    yield* Fiber.join(Fiber.zip(before, bases))
    yield* Fiber.join(behind)
    assert.deepStrictEqual(yield* types, [
      "RegisterWritten",
      "RegisterWritten",
      "@base",
      "RegisterWritten",
      "RegisterWritten"
    ])
    assert.include(yield* one.state, { writes: 4, last: 3 })
  }).pipe(Effect.provide(layer))
})

it.effect("while something has its turn the actor can be looked at; interrupted, it leaves the actor free", () => {
  const { layer } = scripted(true)
  return Effect.gen(function* () {
    const { between } = yield* ActorSystem
    const one = yield* actor("0")
    yield* one.ask(write(1))
    const first = yield* Effect.fork(between(stream, Effect.never))
    const second = yield* Effect.fork(between(stream, recorded))
    const asked = yield* Effect.fork(one.ask(write(2)))
    yield* settled
    assert.isTrue((yield* isWaiting(second)) && (yield* isWaiting(asked)))
    assert.strictEqual(one.unsafeState().writes, 1)
    assert.strictEqual((yield* one.state).writes, 1)
    yield* Fiber.interrupt(first)
    assert.strictEqual(yield* Fiber.join(asked), 2)
    assert.isAtLeast((yield* Fiber.join(second)).length, 1)
  }).pipe(Effect.provide(layer))
})

/** An append of somebody else to the actor's stream, which has one event. */
const drainStarted = Effect.flatMap(Journal, (journal) => {
  const record = { ...json({ _tag: "DrainStarted", id: 8 }), type: "DrainStarted" }
  return journal.append(request([{ ...own(stream, 1), behavior: "device" }], [record], { command: null }))
})

/** A driver whose readers get their answers late: what was true when it read may not be when they have it. */
const lateDriver = () => {
  const answers = new Gate()
  const driver = asynchronousDriver(new Script())
  const late = <A, E>(read: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.tap(read, () => Effect.async<void>((resume) => answers.enter(() => resume(Effect.void))))
  const reading: JournalDriver = {
    ...driver,
    get anchor() {
      return driver.anchor
    },
    head: () => late(driver.head()),
    streams: (family) => late(driver.streams(family)),
    runsOf: (name, after, limit) => late(driver.runsOf(name, after, limit)),
    snapshot: (name, upTo) => late(driver.snapshot(name, upTo))
  }
  return { answers, driver: reading }
}

it.effect("an actor that is being restored meanwhile is restored again, wherever the first restoring is", () =>
  Effect.gen(function* () {
    for (let step = 0; step < 12; step++) {
      const { answers, driver } = lateDriver()
      const { layer } = scripted(false, {}, {}, driver)
      yield* Effect.gen(function* () {
        const { between, restart } = yield* ActorSystem
        const one = yield* actor("0")
        yield* one.ask(write(1))
        yield* restart(stream)
        answers.close()
        const looked = yield* Effect.fork(one.state)
        for (let count = 0; count < step; count++)
          yield* Effect.zipRight(
            settled,
            Effect.sync(() => answers.step())
          )
        yield* settled
        yield* between(stream, drainStarted)
        answers.open()
        yield* Fiber.join(looked)
        assert.strictEqual(yield* one.ask(write(2)), 2)
        assert.include((yield* one.state).drain, { id: 8 })
      }).pipe(Effect.provide(layer))
    }
  })
)

it.effect("what has its turn keeps no actor in memory that was not there", () => {
  const { layer } = scripted(true)
  return Effect.gen(function* () {
    const system = yield* ActorSystem
    yield* Effect.flatMap(actor("0"), (one) => one.ask(write(1)))
    assert.strictEqual(yield* system.between("device/7", Effect.succeed(7)), 7)
    assert.strictEqual(yield* system.between("nothing/7", Effect.succeed(8)), 8)
    assert.strictEqual(yield* system.size, 1)
  }).pipe(Effect.provide(layer))
})
