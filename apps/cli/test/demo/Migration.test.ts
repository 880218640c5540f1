/** The demo's migration over actors in memory: what it does, and how every failure before the point of no return ends. */
import { assert, it } from "@effect/vitest"
import { ENOSPC, type Errno } from "@stopcopy/errno"
import { Hardware, MigratedView } from "@stopcopy/qat"
import { ActorSystem, Journal, type JournalError } from "@stopcopy/runtime"
import { Deferred, Effect, Exit, Fiber, Layer, TestClock } from "effect"
import { eventLoopTurn } from "../../src/EventLoop.ts"
import { chunkBytes, chunkSizes } from "../../src/demo/Chunks.ts"
import type { Display } from "../../src/demo/Display.ts"
import { build, type Placed } from "../../src/demo/Fleet.ts"
import * as Guest from "../../src/demo/Guest.ts"
import { migrate } from "../../src/demo/Migration.ts"

const silent: Display = { say: () => Effect.void, step: (_, work) => work(() => Effect.void) }
const world = Layer.merge(Hardware.layerIdle, Layer.provide(ActorSystem.layer, Journal.layerMemory))

const move = (
  source: Placed,
  destination: Placed,
  guestInP2P: Effect.Effect<void, Errno | JournalError> = Effect.void,
  display: Display = silent
) =>
  migrate({
    source: source.driver,
    destination: destination.driver,
    nextSize: chunkSizes(1),
    guestRuns: (chunk) => Guest.perform(source.driver, Guest.work(chunk)),
    guestInP2P,
    display
  })

const states = (...placed: ReadonlyArray<Placed>) => Effect.forEach(placed, ({ driver }) => driver.getState)
const viewOf = ({ driver }: Placed) => MigratedView.migratedView(driver.vf.unsafeState())

it.effect("the whole block moves, the source is in STOP, the destination RUNNING, and the views are equal", () =>
  Effect.gen(function* () {
    const { destination, source } = yield* build
    yield* Guest.perform(source.driver, Guest.start)
    const { setup, state } = yield* move(source, destination, Guest.perform(source.driver, Guest.burst(0, 3, 4)))
    assert.deepStrictEqual([setup.bytes, state.bytes], [90, 4006])
    assert.isAbove(setup.chunks, 1)
    assert.isAbove(state.chunks, 1)
    assert.deepStrictEqual(yield* states(source, destination), ["STOP", "RUNNING"])
    assert.deepStrictEqual(viewOf(destination), viewOf(source))
    assert.strictEqual(viewOf(destination)["bnk0"]?.["ring0.TAIL"], "0x300")
  }).pipe(Effect.provide(world))
)

it.effect("a refused setup part leaves both sides RUNNING, and the next migration works", () =>
  Effect.gen(function* () {
    const { destination, lacking, source } = yield* build
    const refused = yield* Effect.flip(move(source, lacking))
    assert.include(refused, { _tag: "EINVAL" })
    assert.deepStrictEqual(yield* states(source, lacking), ["RUNNING", "RUNNING"])
    yield* move(source, destination)
    assert.deepStrictEqual(yield* states(source, destination), ["STOP", "RUNNING"])
  }).pipe(Effect.provide(world))
)

it.effect("a failure during the switchover puts the source back to RUNNING and resets the destination", () =>
  Effect.gen(function* () {
    const { destination, source } = yield* build
    const failed = yield* Effect.flip(move(source, destination, new ENOSPC({})))
    assert.include(failed, { _tag: "ENOSPC" })
    assert.deepStrictEqual(yield* states(source, destination), ["RUNNING", "RUNNING"])
    assert.strictEqual(source.driver.vf.unsafeState().stoppedBanks, 0)
  }).pipe(Effect.provide(world))
)

it.effect("an SLA below the source's is found while loading, and the source runs again", () =>
  Effect.gen(function* () {
    const { destination, source } = yield* build
    yield* move(source, destination)
    // Back to the first PF, whose rates are lower than those the VF has now.
    yield* source.driver.reset
    const refused = yield* Effect.flip(move(destination, source))
    assert.strictEqual("refusal" in refused ? refused.refusal?.code : undefined, "mstate.sla.cir")
    assert.deepStrictEqual(yield* states(destination, source), ["RUNNING", "RUNNING"])
  }).pipe(Effect.provide(world))
)

it.effect("the guest's work in P2P and drawing take no part in the downtime", () =>
  Effect.gen(function* () {
    const { destination, source } = yield* build
    const slow = TestClock.adjust("1 second")
    const display: Display = { say: () => Effect.void, step: (_, work) => work(() => slow) }
    const { downtime } = yield* move(source, destination, slow, display)
    assert.deepStrictEqual(downtime, { drain: 0, save: 0, transfer: 0, load: 0, resume: 0 })
  }).pipe(Effect.provide(world))
)

/** The steps of a migration with the states of source and destination after an interrupt at their start. */
const interrupted = [
  ["setup part", ["RUNNING", "RUNNING"]],
  ["STOP_COPY", ["RUNNING", "RUNNING"]],
  ["RESUMING to STOP", ["RUNNING", "RUNNING"]],
  ["RUNNING_P2P, RUNNING", ["STOP", "RUNNING"]]
] as const

it.effect.each(interrupted)("an interrupt at %s ends with the states %j", ([label, wanted]) =>
  Effect.gen(function* () {
    const { destination, source } = yield* build
    const reached = yield* Deferred.make<void>()
    const said: Array<string> = []
    const display: Display = {
      say: (...lines) => Effect.sync(() => void said.push(...lines)),
      step: (name, work) =>
        name === label
          ? Deferred.succeed(reached, undefined).pipe(
              Effect.zipRight(eventLoopTurn),
              Effect.zipRight(work(() => Effect.void))
            )
          : work(() => Effect.void)
    }
    const migration = yield* Effect.fork(move(source, destination, Effect.void, display))
    yield* Deferred.await(reached)
    const exit = yield* Fiber.interrupt(migration)
    assert.isTrue(Exit.isInterrupted(exit))
    assert.deepStrictEqual(yield* states(source, destination), [...wanted])
    assert.strictEqual(
      said.filter((line) => line.includes("Interrupted and put back")).length,
      wanted[0] === "RUNNING" ? 1 : 0
    )
  }).pipe(Effect.provide(world))
)

it("chunk sizes are uneven, inside their limits, and the same for the same seed", () => {
  const sizes = (seed: number) => {
    const next = chunkSizes(seed)
    return Array.from({ length: 50 }, next)
  }
  assert.deepStrictEqual(sizes(6), sizes(6))
  assert.notDeepEqual(sizes(6), sizes(7))
  assert.isTrue(sizes(6).every((size) => size >= chunkBytes.least && size <= chunkBytes.most))
})
