/** Every past moment of a migration from its journal: states, files, and a view at the moment of the save. */
import { assert, it } from "@effect/vitest"
import { MigratedView, MigrationFile, Pf, Vf, VfState } from "@stopcopy/qat"
import { Journal, Replay, Verify } from "@stopcopy/runtime"
import { Chunk, Effect, Schema, Stream } from "effect"
import { copy, enter, go, layer, migrate, open } from "./driver/hosts.ts"
import { busy, live } from "./driver/lives.ts"

const known = Replay.registry(
  Replay.replayable(Pf.behavior),
  Replay.replayable(Vf.behavior),
  Replay.replayable(MigrationFile.behavior)
)
const vfOf = Schema.decodeUnknown(Schema.parseJson(VfState.Vf))

const moments = Effect.map(Stream.runCollect(Replay.timeline(known)), Chunk.toReadonlyArray)

it.effect("the state after each event is the one that the actor had, one arc after the other", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* live(host.driver, busy)
    yield* enter(host, "PRE_COPY")
    yield* go(host, "STOP_COPY")
    yield* go(host, "RUNNING")
    const arcs = (yield* moments).filter(({ envelope }) => envelope.type === "ArcTaken")
    const states: Array<string> = []
    for (const { envelope } of arcs) {
      const past = yield* Replay.stateAt(known, host.driver.vf.stream, envelope.sequence)
      states.push((yield* vfOf(past.state.json)).migrationState)
    }
    assert.deepStrictEqual(states, ["PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP", "RUNNING_P2P", "RUNNING"])
    const last = yield* Replay.stateAt(known, host.driver.vf.stream)
    assert.deepStrictEqual(yield* vfOf(last.state.json), host.driver.vf.unsafeState())
  }).pipe(Effect.provide(layer))
)

it.effect("the view at the moment of the save is the view of the destination after the load", () =>
  Effect.gen(function* () {
    const [source, destination] = yield* Effect.all([open("17"), open("65")])
    yield* live(source.driver, busy)
    yield* migrate(source, destination, { chunks: [100] })
    yield* source.driver.reset
    const saved = (yield* moments).find(({ envelope }) => envelope.type === "StateSaved")?.envelope.sequence
    const past = yield* Replay.stateAt(known, source.driver.vf.stream, saved)
    const then = MigratedView.digest(MigratedView.migratedView(yield* vfOf(past.state.json)))
    const now = MigratedView.digest(MigratedView.migratedView(destination.driver.vf.unsafeState()))
    assert.deepStrictEqual(then, now)
  }).pipe(Effect.provide(layer))
)

it.effect("a file has its own stream below its VF and replays alone", () =>
  Effect.gen(function* () {
    const [source, destination] = yield* Effect.all([open("17"), open("65")])
    const moved = yield* copy(yield* enter(source, "PRE_COPY"), yield* enter(destination, "RESUMING"), [7])
    const files = yield* Effect.all([
      Replay.stateAt(known, `${source.driver.vf.stream}/file/0`),
      Replay.stateAt(known, `${destination.driver.vf.stream}/file/0`)
    ])
    const states = files.map(({ state }) => state.value)
    assert.deepStrictEqual(states, [
      source.driver.vf.unsafeState().files["0"],
      destination.driver.vf.unsafeState().files["0"]
    ])
    assert.strictEqual(moved, 90)
    assert.deepStrictEqual(
      files.map(({ behavior }) => behavior),
      ["file", "file"]
    )
  }).pipe(Effect.provide(layer))
)

it.effect("every event decodes, the chain holds, and refusals are events with their reason", () =>
  Effect.gen(function* () {
    const [source, destination] = yield* Effect.all([open("17"), open("65", { pf: { svcmap: 1 } })])
    yield* Effect.flip(migrate(source, destination))
    const all = yield* moments
    for (const { event } of all) assert.strictEqual(event._tag, "Right")
    const judged = all.find(({ envelope }) => envelope.type === "SetupJudged")
    assert.include(judged?.event._tag === "Right" ? judged.event.right.json : "", "mstate.svcmap.equal")
    const journal = yield* Journal
    assert.strictEqual((yield* Verify.verify()).sequence, (yield* journal.head()).sequence)
    assert.strictEqual(all.length, (yield* journal.head()).sequence)
  }).pipe(Effect.provide(layer))
)
