/** Snapshots: when they are kept, which are used, and that restoring from one is folding from the beginning. */
import { assert, describe, it } from "@effect/vitest"
import { ActorSystem, Journal, Replay, Verify, keptSnapshots } from "@stopcopy/runtime"
import type { ActorOptions, Snapshot } from "@stopcopy/runtime"
import { layerSqlite, loadSqlite } from "@stopcopy/runtime/sqlite"
import { Chunk, Effect, Either, Layer, Schema, Stream } from "effect"
import { Command, device, deviceFile, write } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { actor, journals, recorded } from "./worlds.ts"

const move = { _tag: "Move", file: 1, bytes: new Uint8Array(1) } as const
const known = Replay.registry(Replay.replayable(device), Replay.replayable(deviceFile))

const snapshots = Effect.flatMap(Journal, (journal) =>
  Effect.map(Stream.runCollect(journal.snapshots(0)), (all): ReadonlyArray<Snapshot> => Chunk.toReadonlyArray(all))
)
const sequences = Effect.map(snapshots, (all) => all.map(({ sequence }) => sequence))

/** The actor as a fresh system restores it. */
const restored = Effect.provide(actor("0"), ActorSystem.layer)

/** The state that all events lead to, one after the other from the first. */
const folded = Effect.map(recorded, (events) => {
  const replaying = Replay.replayable(device).start("device/0")
  for (const event of events) if (event.encoding !== 3) Either.getOrThrow(replaying.apply(event))
  return replaying.state().value
})

const suite = <E>(journal: Layer.Layer<Journal, E>): void => {
  const world = (options: Partial<ActorOptions>) => Layer.provideMerge(ActorSystem.layerWith(options), journal)

  it.effect("one is kept every so many events, the latest few stay", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      for (let value = 0; value < 3 * (keptSnapshots + 2); value++) yield* one.ask(write(value))
      assert.deepStrictEqual(
        yield* sequences,
        Array.from({ length: keptSnapshots }, (_, index) => 3 * (index + 3))
      )
      yield* one.askAll(Array.from({ length: 8 }, (_, value) => write(value)))
      assert.strictEqual((yield* sequences).at(-1), 26)
    }).pipe(Effect.provide(world({ snapshotEvents: 3 })))
  )

  it.effect("one is kept every so many bytes of payloads", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.ask({ _tag: "Open", file: 0 })
      for (let count = 0; count < 4; count++) yield* one.ask({ _tag: "Move", file: 0, bytes: new Uint8Array(1500) })
      assert.deepStrictEqual(yield* sequences, [3, 5])
    }).pipe(Effect.provide(world({ snapshotBytes: 4000 })))
  )

  it.effect("one of another version of the behavior, or that cannot be read, is passed over", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const one = yield* actor("0")
      yield* one.ask(write(1))
      const lie = { ...one.unsafeState(), writes: 77 }
      const versions = [["device/0", 1]] as const
      const state = new TextEncoder().encode(JSON.stringify(lie))
      const false_ = { stream: "device/0", sequence: 1, versions, state }
      yield* journal.saveSnapshot({ ...false_, behaviorVersion: 2 })
      assert.strictEqual((yield* restored).unsafeState().writes, 1)
      assert.include((yield* Replay.stateAt(known, "device/0")).state.value, { writes: 1 })
      yield* journal.saveSnapshot({ ...false_, behaviorVersion: 1, state: state.slice(1) })
      assert.strictEqual((yield* restored).unsafeState().writes, 1)
      yield* journal.saveSnapshot({ ...false_, behaviorVersion: 1 })
      assert.strictEqual((yield* restored).unsafeState().writes, 77)
    }).pipe(Effect.provide(world({})))
  )

  it.effect.prop(
    "after any commands, restoring from a snapshot is folding from the beginning, at every snapshot's moment too",
    [Schema.Array(Command.pipe(Schema.filter(({ _tag }) => _tag !== "Break")))],
    ([commands]) =>
      Effect.gen(function* () {
        const one = yield* actor("0")
        for (const command of commands) yield* Effect.either(one.ask(command))
        const twin = yield* restored
        assert.deepStrictEqual(twin.unsafeState(), one.unsafeState())
        assert.deepStrictEqual(yield* folded, one.unsafeState())
        assert.strictEqual(twin.unsafePosition(), (yield* recorded).length)
        for (const { sequence, state } of yield* snapshots) {
          const replaying = Replay.replayable(device).start("device/0")
          for (const event of (yield* recorded).slice(0, sequence)) Either.getOrThrow(replaying.apply(event))
          assert.strictEqual(new TextDecoder().decode(state), replaying.state().json)
        }
      }).pipe(Effect.provide(world({ snapshotEvents: 2 }))),
    { fastCheck: { numRuns: 6 } }
  )
}

const dueSuite = <E>(journal: Layer.Layer<Journal, E>): void => {
  it.effect("what was there when the actor was restored counts: one that never stays long gets them too", () =>
    Effect.gen(function* () {
      const round = Effect.flatMap(actor("0"), (one) =>
        Effect.forEach([1, 2, 3], (value) => one.ask(write(value)), { discard: true })
      )
      const brief = Effect.provide(round, ActorSystem.layerWith({ snapshotEvents: 4 }))
      yield* brief
      assert.deepStrictEqual(yield* sequences, [])
      yield* brief
      assert.deepStrictEqual(yield* sequences, [4])
      yield* brief
      assert.deepStrictEqual(yield* sequences, [4, 8])
    }).pipe(Effect.provide(journal))
  )

  it.effect("they are kept while turns wait one behind the other, and hold what is in the journal", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.ask({ _tag: "Open", file: 1 })
      const moves = Effect.forEach(Array.from({ length: 20 }), () => one.ask(move, { durability: "durable" }))
      const late = (count: number) => Effect.zipRight(Effect.yieldNow().pipe(Effect.repeatN(count)), moves)
      yield* Effect.all([0, 1, 2, 3].map(late), { concurrency: "unbounded", discard: true })
      const kept = yield* snapshots
      assert.isAtLeast(kept.length, keptSnapshots)
      for (const { sequence, versions } of kept) {
        assert.deepStrictEqual(versions, [
          ["device/0", 0],
          ["device/0/file/1", sequence]
        ])
        const past = yield* Replay.stateAt(known, "device/0", sequence)
        assert.deepInclude(past.state.value, { files: [{ file: 1, bytes: sequence - 1 }] })
      }
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layerWith({ snapshotEvents: 7 }), journal)))
  )
}

for (const [name, layer] of Object.entries(journals)) {
  describe(`over ${name}`, () => {
    suite(layer)
    dueSuite(layer)
  })
}

it.scoped(
  "a journal of release 0.1.0 has no table for them: it is read as it is, and gets one when it is written",
  () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const world = (readOnly: boolean) =>
        Layer.provideMerge(ActorSystem.layerWith({ snapshotEvents: 1 }), layerSqlite({ file, readOnly }))
      yield* Effect.provide(
        Effect.flatMap(actor("0"), (one) => one.ask(write(5))),
        world(false)
      )
      const raw = (yield* loadSqlite()).open({ file, readOnly: false })
      raw.exec("DROP TABLE snapshot; DROP INDEX record_base")
      raw.close()
      yield* Effect.gen(function* () {
        assert.strictEqual((yield* actor("0")).unsafeState().last, 5)
        assert.deepStrictEqual(yield* sequences, [])
        assert.include(yield* Verify.verify(), { sequence: 1 })
      }).pipe(Effect.provide(world(true)))
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* Effect.flatMap(actor("0"), (one) => one.ask(write(6))), 2)
        assert.deepStrictEqual(yield* sequences, [2])
      }).pipe(Effect.provide(world(false)))
    })
)
