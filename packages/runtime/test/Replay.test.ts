/** Past moments: the timeline, states at any event, and what cannot be read. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Replay, encodings, withCorrelation } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Layer, Stream } from "effect"
import { device, deviceFile } from "./Device.ts"
import { json, own, request } from "./journal.contract.ts"

const TestSystem = Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)
const known = Replay.registry(Replay.replayable(device), Replay.replayable(deviceFile))

const live = Effect.gen(function* () {
  const system = yield* ActorSystem
  const one = yield* system.actor(device, "0")
  const states = [one.unsafeState()]
  const commands = [
    { _tag: "Open", file: 1 },
    { _tag: "Write", offset: 0, value: 5 },
    { _tag: "Move", file: 1, bytes: new Uint8Array(3) },
    { _tag: "Drain", id: 1 }
  ] as const
  for (const command of commands) {
    yield* one.ask(command).pipe(withCorrelation(`c-${command._tag}`))
    states.push(one.unsafeState())
  }
  return states
})

it.effect("the state at every event is the state that was live then", () =>
  Effect.gen(function* () {
    const states = yield* live
    for (const [sequence, state] of states.entries()) {
      const past = yield* Replay.stateAt(known, "device/0", sequence)
      assert.deepStrictEqual(past.state.value, state)
      assert.include(past, { behavior: "device", sequence })
    }
    const latest = yield* Replay.stateAt(known, "device/0")
    assert.deepStrictEqual(JSON.parse(latest.state.json), {
      writes: 1,
      last: 5,
      files: [{ file: 1, bytes: 3 }],
      drain: { id: 1, left: 2 },
      ended: []
    })
  }).pipe(Effect.provide(TestSystem))
)

it.effect("an owned stream is folded alone, by its own behavior", () =>
  Effect.gen(function* () {
    yield* live
    const past = yield* Replay.stateAt(known, "device/0/file/1")
    assert.include(past, { behavior: "device-file", sequence: 3 })
    assert.deepStrictEqual(past.state.value, { bytes: 3 })
  }).pipe(Effect.provide(TestSystem))
)

it.effect("the timeline shows decoded events, packed ones included, and filters", () =>
  Effect.gen(function* () {
    yield* live
    const show = (filter?: Replay.Filter) =>
      Effect.map(Stream.runCollect(Replay.timeline(known, filter)), (moments) =>
        Chunk.toReadonlyArray(moments).map(({ envelope, event }) => [envelope.sequence, Either.getOrThrow(event).json])
      )
    const all = [
      [1, '{"_tag":"FileOpened","file":1}'],
      [2, '{"_tag":"RegisterWritten","offset":0,"value":5}'],
      [3, '{"_tag":"FileMoved","file":1,"bytes":"AAAA"}'],
      [4, '{"_tag":"DrainStarted","id":1}']
    ]
    assert.deepStrictEqual(yield* show(), all)
    assert.deepStrictEqual(yield* show({ stream: "device/0" }), all)
    assert.deepStrictEqual(yield* show({ stream: "device/0/file/1" }), [all[0], all[2]])
    assert.deepStrictEqual(yield* show({ correlation: "c-Drain" }), [all[3]])
  }).pipe(Effect.provide(TestSystem))
)

it.effect("an unknown stream, behavior or payload is a typed error that names the place", () =>
  Effect.gen(function* () {
    yield* live
    const journal = yield* Journal
    assert.include(yield* Effect.flip(Replay.stateAt(known, "device/9")), { _tag: "NoSuchStream", stream: "device/9" })
    yield* journal.append(request([own("thing/a", 0)], [json(1)]))
    assert.include(yield* Effect.flip(Replay.stateAt(known, "thing/a")), {
      _tag: "UnknownBehavior",
      behavior: "thing"
    })
    const bad = { ...own("device/1", 0), behavior: "device" }
    const payload = new TextEncoder().encode('{"_tag":"Exploded"}')
    yield* journal.append(request([bad], [{ ...json(1), type: "Exploded", payload }]))
    const undecodable = yield* Effect.flip(Replay.stateAt(known, "device/1"))
    assert.include(undecodable, { _tag: "UndecodableEvent", sequence: 6, stream: "device/1", type: "Exploded" })
    const moments = Chunk.toReadonlyArray(yield* Stream.runCollect(Replay.timeline(known)))
    assert.deepStrictEqual(
      moments.slice(4).map(({ event }) => Either.getOrThrow(Either.flip(event))._tag),
      ["UnknownBehavior", "UndecodableEvent"]
    )
  }).pipe(Effect.provide(TestSystem))
)

it.effect(
  "an event of a newer schema, an unknown encoding, a wrong entry and bytes that are no text are undecodable",
  () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const text = new TextEncoder().encode('{"_tag":"DrainStarted","id":1}')
      const event = { ...json(1), type: "DrainStarted", payload: text }
      const cases = [
        [{ ...event, schemaVersion: 2 }, /schema version 2 is newer than 1/],
        [{ ...event, encoding: 77 }, /encoding 77 is not known/],
        [{ ...event, encoding: encodings.packed }, /does not pack this type/],
        [{ ...event, type: "RegisterWritten", encoding: encodings.packed }, /the entry has 30 bytes, not 8/],
        [{ ...event, payload: Uint8Array.of(0xff) }, /not UTF-8/],
        [{ ...event, payload: text.subarray(1) }, /cannot be decoded/]
      ] as const
      for (const [index, [record, reason]] of cases.entries()) {
        const stream = `device/${index}`
        yield* journal.append(request([{ ...own(stream, 0), behavior: "device" }], [record]))
        const error = yield* Effect.flip(Replay.stateAt(known, stream))
        assert.strictEqual(error._tag, "UndecodableEvent")
        assert.match(error.message, reason)
        assert.notInclude(error.message, "\n")
        const system = yield* ActorSystem
        assert.include(yield* Effect.flip(system.actor(device, `${index}`)), { _tag: "UndecodableEvent" })
      }
    }).pipe(Effect.provide(TestSystem))
)
