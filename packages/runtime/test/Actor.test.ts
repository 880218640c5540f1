/** The invariants A1 to A4 of a turn, what is recorded with it, and waiting for a state. */
import { assert, it } from "@effect/vitest"
import {
  ActorSystem,
  Behavior,
  Journal,
  Replay,
  Supervision,
  currentContext,
  encodings,
  reacting,
  withCausation,
  withCorrelation
} from "@stopcopy/runtime"
import type { Envelope } from "@stopcopy/runtime"
import { Cause, Chunk, Effect, Exit, Fiber, Layer, Schema, Stream, TestClock } from "effect"
import { Command, device } from "./Device.ts"

const TestSystem = Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)

const recorded = Effect.flatMap(Journal, (journal) =>
  Effect.map(Stream.runCollect(journal.events(0)), (events): ReadonlyArray<Envelope> => Chunk.toReadonlyArray(events))
)

const actor = (id: string) => Effect.flatMap(ActorSystem, (system) => system.actor(device, id))

it.effect("a turn answers, changes the state and records its events, its command and its time", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(1_700_000_000_000)
    const one = yield* actor("0")
    assert.strictEqual(yield* one.ask({ _tag: "Open", file: 3 }), 3)
    assert.deepStrictEqual((yield* one.state).files, [{ file: 3, bytes: 0 }])
    const [event] = yield* recorded
    assert.include(event, {
      sequence: 1,
      stream: "device/0/file/3",
      behavior: "device-file",
      owner: "device/0",
      version: 1,
      type: "FileOpened",
      schemaVersion: 1,
      time: 1_700_000_000_000_000,
      correlation: "device/0/file/3@1",
      causation: null,
      batch: 1
    })
    const journal = yield* Journal
    const batch = Chunk.unsafeHead(yield* Stream.runCollect(journal.batches(0)))
    assert.strictEqual(batch.command?.stream, "device/0")
    assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(batch.command?.bytes ?? new Uint8Array())), {
      _tag: "Open",
      file: 3
    })
  }).pipe(Effect.provide(TestSystem))
)

it.effect("a command may write to the actor's own stream and to one it owns, each with its own versions", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask({ _tag: "Open", file: 0 })
    yield* one.ask({ _tag: "Drain", id: 1 })
    yield* one.ask({ _tag: "Move", file: 0, bytes: new Uint8Array(4) })
    yield* one.ask({ _tag: "Drained", id: 1 })
    yield* one.ask({ _tag: "Drained", id: 1 })
    assert.deepStrictEqual(
      (yield* recorded).map(({ sequence, stream, type, version }) => [sequence, stream, version, type]),
      [
        [1, "device/0/file/0", 1, "FileOpened"],
        [2, "device/0", 1, "DrainStarted"],
        [3, "device/0/file/0", 2, "FileMoved"],
        [4, "device/0", 2, "BankDrained"],
        [5, "device/0", 3, "BankDrained"],
        [6, "device/0", 4, "DrainEnded"]
      ]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect("A3: a decision without events appends nothing", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    assert.strictEqual(yield* one.ask({ _tag: "Look" }), 0)
    assert.strictEqual(yield* one.ask({ _tag: "Look" }, { durability: "durable" }), 0)
    const refused = yield* Effect.flip(one.ask({ _tag: "Move", file: 9, bytes: new Uint8Array(1) }))
    assert.include(refused, { _tag: "EINVAL", errno: 22 })
    assert.deepStrictEqual(yield* recorded, [])
  }).pipe(Effect.provide(TestSystem))
)

it.effect(
  "A1, A5: a defect in decide or evolve changes nothing, is recorded, and the next use restores the actor",
  () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.ask({ _tag: "Write", offset: 0, value: 1 })
      const before = yield* one.state
      for (const where of ["decide", "evolve"] as const) {
        const exit = yield* Effect.exit(one.ask({ _tag: "Break", where }).pipe(withCorrelation("m-1")))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      }
      assert.deepStrictEqual(yield* one.state, before)
      assert.deepStrictEqual(
        (yield* recorded).map(({ correlation, stream, type }) => [stream, type, correlation]),
        [
          ["device/0", "RegisterWritten", "device/0@1"],
          ["supervision/device/0", "ActorStopped", "m-1"],
          ["supervision/device/0", "ActorStopped", "m-1"]
        ]
      )
      const known = Replay.registry(Replay.replayable(Supervision.behavior))
      const { state } = yield* Replay.stateAt(known, "supervision/device/0")
      assert.include(JSON.parse(state.json), { stops: 2 })
      assert.match(state.json, /evolve is broken/)
      const stop =
        (yield* recorded).map(({ payload }) => new TextDecoder().decode(payload ?? new Uint8Array()))[1] ?? ""
      assert.include(JSON.parse(stop), {
        stream: "device/0",
        sequence: 1,
        command: '{"_tag":"Break","where":"decide"}'
      })
      assert.strictEqual(yield* one.ask({ _tag: "Write", offset: 0, value: 2 }), 2)
    }).pipe(Effect.provide(TestSystem))
)

it.effect("A4: after another process appended, the next turn starts from the journal", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask({ _tag: "Write", offset: 0, value: 1 })
    const other = yield* Effect.flatMap(actor("0"), (twin) => twin.ask({ _tag: "Write", offset: 0, value: 7 })).pipe(
      Effect.provide(ActorSystem.layer)
    )
    assert.strictEqual(other, 2)
    const conflict = yield* Effect.flip(one.ask({ _tag: "Write", offset: 0, value: 8 }))
    assert.include(conflict, { _tag: "VersionConflict", stream: "device/0", expected: 1, actual: 2, retryable: true })
    assert.strictEqual(yield* one.ask({ _tag: "Look" }), 7)
    assert.strictEqual(yield* one.ask({ _tag: "Write", offset: 0, value: 8 }), 3)
  }).pipe(Effect.provide(TestSystem))
)

it.effect("packed accesses are stored as entries, without a command, and read as single events", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask({ _tag: "Write", offset: 4, value: 5 })
    yield* one.ask({ _tag: "Write", offset: 4, value: -1 })
    const events = yield* recorded
    assert.deepStrictEqual(
      events.map(({ encoding, payload }) => [encoding, payload?.byteLength]),
      [
        [encodings.packed, 8],
        [encodings.json, JSON.stringify({ _tag: "RegisterWritten", offset: 4, value: -1 }).length]
      ]
    )
    const journal = yield* Journal
    const batches = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.batches(0)))
    assert.deepStrictEqual(
      batches.map(({ command }) => command === null),
      [true, false]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect("an actor restored from the journal has the state of the one that wrote it", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask({ _tag: "Open", file: 0 })
    for (let value = 0; value < 1000; value++) yield* one.ask({ _tag: "Write", offset: 0, value })
    yield* one.ask({ _tag: "Move", file: 0, bytes: new Uint8Array(9) })
    yield* Effect.flatMap(actor("1"), (neighbour) => neighbour.ask({ _tag: "Write", offset: 0, value: 4 }))
    const twin = yield* Effect.provide(actor("0"), ActorSystem.layer)
    assert.deepStrictEqual(twin.unsafeState(), one.unsafeState())
    assert.strictEqual(twin.unsafePosition(), 1002)
  }).pipe(Effect.provide(TestSystem))
)

it.effect("there is one actor for a behavior and an id", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* actor("0"), yield* actor("0"))
    assert.notStrictEqual(yield* actor("0"), yield* actor("1"))
    const exit = yield* Effect.exit(
      Effect.flatMap(ActorSystem, (system) => system.actor({ ...device, version: 2 }, "0"))
    )
    assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
  }).pipe(Effect.provide(TestSystem))
)

it.effect("correlation and causation of the fiber are recorded without being passed", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    const write = one.ask({ _tag: "Write", offset: 0, value: 1 })
    yield* write.pipe(withCausation(41), withCorrelation("migration-7"))
    yield* write.pipe(withCausation(12, "00ff"))
    assert.deepStrictEqual(
      (yield* recorded).map(({ causation, correlation }) => [correlation, causation]),
      [
        ["migration-7", "41"],
        ["device/0@2", "00ff/12"]
      ]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect("reacting to an event takes its correlation over, and names it as the cause", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask({ _tag: "Open", file: 0 }).pipe(withCorrelation("migration-8"))
    const [event] = yield* recorded
    if (event === undefined) return assert.fail("nothing was recorded")
    yield* one.ask({ _tag: "Write", offset: 0, value: 1 }).pipe(reacting(event))
    assert.include((yield* recorded)[1], { correlation: "migration-8", causation: "1" })
    assert.deepStrictEqual(yield* currentContext.pipe(reacting(event)), { correlation: "migration-8", causation: "1" })
    assert.deepStrictEqual(yield* currentContext, { correlation: undefined, causation: null })
  }).pipe(Effect.provide(TestSystem))
)

it.effect("until gives the first state that holds, the present one included", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    assert.strictEqual((yield* one.until(({ writes }) => writes === 0)).writes, 0)
    const waiter = yield* Effect.fork(one.until(({ writes }) => writes === 2))
    yield* Effect.yieldNow()
    for (let value = 0; value < 4; value++) yield* one.ask({ _tag: "Write", offset: 0, value })
    assert.strictEqual((yield* Fiber.join(waiter)).writes, 2)
  }).pipe(Effect.provide(TestSystem))
)

it.effect("an interrupted or broken wait leaves the actor as it was", () =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    const waiter = yield* Effect.fork(one.until(({ writes }) => writes === 2))
    const broken = yield* Effect.fork(
      one.until(({ writes }) => {
        if (writes === 1) throw new Error("the predicate is broken")
        return false
      })
    )
    yield* Effect.yieldNow()
    yield* Fiber.interrupt(waiter)
    assert.strictEqual(yield* one.ask({ _tag: "Write", offset: 0, value: 1 }), 1)
    const exit = yield* Fiber.await(broken)
    assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
  }).pipe(Effect.provide(TestSystem))
)

it.effect.prop(
  "after any commands a restored actor has the state of the live one, and all positions agree",
  [Schema.Array(Command.pipe(Schema.filter(({ _tag }) => _tag !== "Break")))],
  ([commands]) =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      for (const command of commands) yield* Effect.either(one.ask(command))
      const twin = yield* Effect.provide(actor("0"), ActorSystem.layer)
      assert.deepStrictEqual(twin.unsafeState(), one.unsafeState())
      assert.strictEqual(twin.unsafePosition(), one.unsafePosition())
      assert.strictEqual((yield* recorded).at(-1)?.sequence ?? 0, one.unsafePosition())
    }).pipe(Effect.provide(TestSystem)),
  { fastCheck: { numRuns: 50 } }
)

it.effect("consecutive packed events of one turn are one run; another event ends it", () =>
  Effect.gen(function* () {
    const write = (value: number) => ({ _tag: "RegisterWritten", offset: 0, value }) as const
    const events = [write(1), write(2), write(-3), { _tag: "FileOpened", file: 0 }, write(4)] as const
    const bursting = { ...device, decide: () => Behavior.accept(events, 0) }
    const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(bursting, "0"))
    yield* one.ask({ _tag: "Look" })
    const journal = yield* Journal
    const batch = Chunk.unsafeHead(yield* Stream.runCollect(journal.batches(0)))
    assert.deepStrictEqual(
      batch.records.map(({ count, encoding, sequence, version }) => [sequence, version, count, encoding]),
      [
        [1, 1, 2, encodings.packed],
        [3, 3, 1, encodings.json],
        [4, 1, 1, encodings.json],
        [5, 4, 1, encodings.packed]
      ]
    )
    assert.isNotNull(batch.command)
    const twin = yield* Effect.provide(actor("0"), ActorSystem.layer)
    assert.deepStrictEqual(twin.unsafeState(), one.unsafeState())
  }).pipe(Effect.provide(TestSystem))
)
