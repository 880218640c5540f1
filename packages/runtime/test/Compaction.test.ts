/** Compaction (K1 to K3): no state changes, nothing needed is removed, the chain stays whole, actors go on. */
import { assert, describe, it } from "@effect/vitest"
import { ActorSystem, Behavior, Compaction, Journal, Replay, Supervision, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Cause, Effect, Exit, Layer, Schema } from "effect"
import { Command, device, deviceFile, write } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { actor, journals, recorded } from "./worlds.ts"
import { json, own, request } from "./journal.contract.ts"

const known = Replay.registry(
  Replay.replayable(device),
  Replay.replayable(deviceFile),
  Replay.replayable(Supervision.behavior)
)

/** JSON of the state of every stream. */
const states = Effect.gen(function* () {
  const journal = yield* Journal
  const all: Record<string, string> = {}
  for (const { stream } of yield* journal.streams()) all[stream] = (yield* Replay.stateAt(known, stream)).state.json
  return all
})

/** Three actors with all there is: owned streams, runs, an operation, a defect. */
const furnish = Effect.gen(function* () {
  const [zero, one, two] = yield* Effect.all([actor("0"), actor("1"), actor("2")])
  yield* zero.askAll([
    write(1),
    { _tag: "Open", file: 1 },
    { _tag: "Move", file: 1, bytes: new Uint8Array(3) },
    write(2)
  ])
  yield* one.ask({ _tag: "Open", file: 7 }, { durability: "durable" })
  yield* Effect.exit(two.ask({ _tag: "Break", where: "decide" }))
  yield* zero.ask({ _tag: "Drain", id: 1 })
  return { zero, one, two }
})

const suite = <E>(journal: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, journal)

  it.effect("K1, K3: states are the same before and after, the chain verifies from its anchor, actors go on", () =>
    Effect.gen(function* () {
      const { one, zero } = yield* furnish
      const before = yield* states
      const batch = yield* Compaction.compact(known)
      assert.deepStrictEqual(yield* states, { ...before, "device/1": before["device/1"] ?? onlyOwning })
      const kept = yield* Journal
      assert.include(kept.anchor, { batch })
      assert.strictEqual((yield* Verify.verify()).sequence, (yield* kept.head()).sequence)
      assert.isAbove((yield* recorded)[0]?.sequence ?? 0, 7)
      assert.strictEqual(yield* zero.ask(write(3)), 3)
      assert.strictEqual(yield* zero.ask({ _tag: "Move", file: 1, bytes: new Uint8Array(2) }), 2)
      assert.strictEqual(yield* one.ask({ _tag: "Move", file: 7, bytes: new Uint8Array(2) }), 2)
      assert.deepStrictEqual((yield* zero.state).files, [{ file: 1, bytes: 5 }])
      const again = yield* states
      yield* Compaction.compact(known)
      assert.deepStrictEqual(yield* states, again)
      yield* Verify.verify()
    }).pipe(Effect.provide(world))
  )

  it.effect.prop(
    "K1: after any commands, an actor restored from its base event is the one that was folded from the beginning",
    [Schema.Array(Command.pipe(Schema.filter(({ _tag }) => _tag !== "Break"))), Schema.Boolean],
    ([commands, remove]) =>
      Effect.gen(function* () {
        const one = yield* actor("0")
        for (const command of commands) yield* Effect.either(one.ask(command))
        const before = one.unsafeState()
        yield* remove ? Compaction.compact(known) : Compaction.writeBases(known)
        assert.deepStrictEqual(yield* one.state, before)
        for (const command of commands) yield* Effect.either(one.ask(command))
        const twin = yield* Effect.provide(actor("0"), ActorSystem.layer)
        assert.deepStrictEqual(twin.unsafeState(), yield* one.state)
        yield* Verify.verify()
      }).pipe(Effect.provide(world)),
    { fastCheck: { numRuns: 4 } }
  )
}

const needed = <E>(journal: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, journal)

  it.effect("K2: what a stream without a base event needs is not removed, and nothing is removed then", () =>
    Effect.gen(function* () {
      yield* furnish
      const kept = yield* Journal
      const batch = yield* Compaction.writeBases(known)
      const { sequence } = yield* kept.head()
      assert.include(yield* Effect.flip(kept.removeBefore(batch + 2)), { _tag: "HistoryNeeded", retryable: false })
      assert.deepStrictEqual(kept.anchor.batch, 1)
      assert.strictEqual((yield* recorded).length, sequence)
      yield* kept.append(request([own("thing/late", 0)], [json(1)]))
      const refused = yield* Effect.flip(kept.removeBefore((yield* kept.head()).batch + 0))
      assert.include(refused, { _tag: "HistoryNeeded" })
      yield* kept.removeBefore(batch)
      assert.include(kept.anchor, { batch })
      yield* Verify.verify()
    }).pipe(Effect.provide(world))
  )

  it.effect("a behavior that is not known stops it before anything is removed", () =>
    Effect.gen(function* () {
      yield* furnish
      const kept = yield* Journal
      yield* kept.append(request([own("thing/a", 0)], [json(1)]))
      assert.include(yield* Effect.flip(Compaction.compact(known)), { _tag: "UnknownBehavior", behavior: "thing" })
      assert.strictEqual(kept.anchor.batch, 1)
    }).pipe(Effect.provide(world))
  )
}

const later = <E>(journal: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, journal)

  it.effect("a payload redacted before the base event is not needed; redacted behind it, it is", () =>
    Effect.gen(function* () {
      const { zero } = yield* furnish
      const kept = yield* Journal
      const moved = (yield* recorded).find(({ type }) => type === "FileMoved")?.sequence ?? 0
      yield* Compaction.writeBases(known)
      yield* kept.redact({ sequences: [moved], commands: [] })
      const restored = Effect.provide(actor("0"), ActorSystem.layer)
      assert.deepStrictEqual((yield* restored).unsafeState(), yield* zero.state)
      yield* Compaction.compact(known)
      assert.deepStrictEqual((yield* restored).unsafeState(), yield* zero.state)
      yield* zero.ask({ _tag: "Move", file: 1, bytes: new Uint8Array(2) })
      yield* kept.redact({ sequences: [(yield* kept.head()).sequence], commands: [] })
      assert.include(yield* Effect.flip(restored), { _tag: "RedactedEvent" })
      yield* Verify.verify()
    }).pipe(Effect.provide(world))
  )

  it.effect("under asks of many fibers it has its turn, refuses none of them, and every turn is in the state", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const busy = Effect.forEach(
        Array.from({ length: 60 }, (_, value) => value),
        (value) =>
          Effect.zipRight(
            Effect.yieldNow(),
            one.ask(write(value), { durability: value % 2 === 0 ? "durable" : "written" })
          ),
        { concurrency: 4, discard: true }
      )
      yield* Effect.all([busy, Effect.repeatN(Compaction.compact(known), 3)], { concurrency: "unbounded" })
      assert.strictEqual((yield* one.state).writes, 60)
      const twin = yield* Effect.provide(actor("0"), ActorSystem.layer)
      assert.strictEqual(twin.unsafeState().writes, 60)
      yield* Verify.verify()
    }).pipe(Effect.provide(world))
  )
}

/** The state of `device/1`, which owned streams only: with its base event it has a stream of its own. */
const onlyOwning = JSON.stringify({ ...device.initial, files: [{ file: 7, bytes: 0 }] })

/** A behavior whose state is not what JSON can keep, once it has been reset. */
const mean = Behavior.make({
  name: "mean",
  version: 1,
  state: Schema.Struct({ least: Schema.Number }),
  command: Schema.TaggedStruct("Reset", {}),
  event: Schema.TaggedStruct("WasReset", {}),
  initial: { least: 0 },
  decide: () => Behavior.accept([{ _tag: "WasReset" } as const], undefined),
  evolve: () => ({ least: Number.POSITIVE_INFINITY })
})

it.effect("a state with a number that JSON does not have is not compacted: its history stays", () =>
  Effect.gen(function* () {
    const registry = Replay.registry(Replay.replayable(mean))
    const reset = Effect.flatMap(ActorSystem, (system) => system.actor(mean, "0"))
    yield* Effect.flatMap(reset, (one) => one.ask({ _tag: "Reset" }))
    const exit = yield* Effect.exit(Compaction.compact(registry))
    assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", /NaN and infinite numbers are not kept by JSON/)
    const again = yield* Effect.provide(reset, ActorSystem.layer)
    assert.deepStrictEqual(yield* again.state, { least: Number.POSITIVE_INFINITY })
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, journals.SQLite)))
)

/** A behavior whose actors own streams of the same behavior. */
const tree = Behavior.make({
  name: "tree",
  version: 1,
  state: Schema.Struct({ leaves: Schema.Int }),
  command: Schema.TaggedStruct("Grow", { branch: Schema.Boolean }),
  event: Schema.TaggedStruct("Grown", { branch: Schema.Boolean }),
  initial: { leaves: 0 },
  decide: (_, { branch }) => Behavior.accept([{ _tag: "Grown", branch } as const], undefined),
  evolve: ({ leaves }) => ({ leaves: leaves + 1 }),
  route: ({ branch }) => (branch ? { suffix: "branch", behavior: "tree" } : undefined)
})

it.effect("a base event of an owned stream is not the owner's, also where both have one behavior", () =>
  Effect.gen(function* () {
    const registry = Replay.registry(Replay.replayable(tree))
    const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(tree, "0"))
    for (const branch of [true, false, false]) yield* one.ask({ _tag: "Grow", branch })
    yield* Compaction.writeBases(registry)
    for (const [stream, sequence, leaves] of [
      ["tree/0", 4, 3],
      ["tree/0", 5, 3],
      ["tree/0/branch", 4, 1]
    ] as const) {
      assert.deepStrictEqual((yield* Replay.stateAt(registry, stream, sequence)).state.value, { leaves })
    }
    assert.deepStrictEqual(yield* one.state, { leaves: 3 })
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, journals.memory)))
)

/** Past moments around base events. */
const past = <E>(journal: Layer.Layer<Journal, E>): void => {
  it.effect("K1: the state at every moment is the same behind base events, in the middle of their batch too", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const journal = yield* Journal
      const bytes: Array<number> = []
      const note = Effect.gen(function* () {
        const [file] = (yield* one.state).files
        for (const { sequence } = yield* journal.head(); bytes.length < sequence;) bytes.push(file?.bytes ?? 0)
      })
      yield* one.ask({ _tag: "Open", file: 1 })
      yield* note
      for (const size of [3, 10, 2]) {
        yield* one.ask({ _tag: "Move", file: 1, bytes: new Uint8Array(size) })
        yield* note
        yield* Compaction.writeBases(known)
        yield* note
      }
      for (const [index, expected] of bytes.entries()) {
        const { state } = yield* Replay.stateAt(known, "device/0", index + 1)
        assert.deepInclude(state.value, { files: [{ file: 1, bytes: expected }] }, `after event ${index + 1}`)
      }
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, journal)))
  )

  it.effect("a moment before the kept history is known where a snapshot was made, and nowhere else", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      for (let value = 1; value <= 18; value++) yield* one.ask(write(value))
      yield* Compaction.compact(known)
      assert.deepInclude((yield* Replay.stateAt(known, "device/0", 10)).state.value, { last: 10 })
      for (const sequence of [9, 14, 18]) {
        const error = yield* Effect.flip(Replay.stateAt(known, "device/0", sequence))
        assert.include(error, { _tag: "UndecodableEvent" })
        assert.match(error.message, /what is before it is not kept here/)
      }
      assert.deepInclude((yield* Replay.stateAt(known, "device/0", 19)).state.value, { last: 18 })
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layerWith({ snapshotEvents: 10 }), journal)))
  )
}

for (const [name, layer] of Object.entries(journals)) {
  describe(`over ${name}`, () => {
    suite(layer)
    past(layer)
    needed(layer)
    later(layer)
  })
}

it.scoped("a compacted journal that is opened again goes on; its last hash is the one it had", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const world = Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true }))
    const hash = yield* Effect.gen(function* () {
      yield* furnish
      yield* Compaction.compact(known)
      return (yield* Verify.verify()).hash
    }).pipe(Effect.provide(world))
    yield* Effect.gen(function* () {
      assert.deepStrictEqual((yield* Verify.verify()).hash, hash)
      assert.strictEqual(yield* Effect.flatMap(actor("0"), (one) => one.ask(write(3))), 3)
      assert.strictEqual(yield* Effect.flatMap(actor("9"), (one) => one.ask(write(3))), 1)
      yield* Verify.verify()
    }).pipe(Effect.provide(world))
    yield* Effect.provide(Verify.verify(), layerSqlite({ file, readOnly: true }))
  })
)
