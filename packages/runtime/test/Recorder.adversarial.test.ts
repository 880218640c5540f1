/** Orders of events that entries on a tape must survive (W1, W2): a full journal, a full tape, others who write, a long tape. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, JournalFull, JournalUnavailable, Replay, maxTapeBytes } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Exit, Fiber, Stream, TestClock } from "effect"
import { device, deviceFile, write } from "./Device.ts"
import { MemoryTapes } from "./MemoryTapes.ts"
import { actor, batches, recorded, scripted, turn } from "./worlds.ts"

const durable = { durability: "durable" } as const
const full = new JournalFull({ journal: "memory" })
const writes = (count: number) => Array.from({ length: count }, (_, value) => write(value))

/** A system with tapes over a synchronous journal by a script. */
const taped = (options: Parameters<typeof scripted>[1] = {}) => {
  const tapes = new MemoryTapes()
  return { tapes, ...scripted(true, options, { tapes }) }
}

/** The same actor without tapes, as another process has it. */
const stranger = Effect.provide(actor("0"), ActorSystem.layer)

it.effect("W1: written, not taken in, read: every reader of the process sees every entry", () => {
  const { layer, script } = taped()
  return Effect.gen(function* () {
    const journal = yield* Journal
    const one = yield* actor("0")
    const readers = [
      Effect.suspend(() => Effect.map(journal.head(), ({ sequence }) => sequence)),
      Effect.map(recorded, ({ length }) => length),
      Effect.suspend(() => Effect.map(journal.streams(), ([info]) => info?.version)),
      Effect.map(Stream.runCount(journal.eventsOf("device/0")), (count) => count),
      Effect.suspend(() =>
        Effect.flatMap(journal.history("device/0"), (cursor) =>
          Effect.map(cursor.next(), (page) => page.at(-1)?.version ?? 0)
        )
      ),
      Effect.map(Stream.runCollect(journal.batches(0)), (all) => Chunk.size(all)),
      Effect.gen(function* () {
        const following = yield* Effect.fork(Stream.runCollect(Stream.take(journal.live(0), 7)))
        yield* Effect.repeatN(turn, 50)
        return Exit.match(yield* Fiber.interrupt(following), { onFailure: () => 0, onSuccess: Chunk.size })
      })
    ]
    for (const [index, reader] of readers.entries()) {
      yield* one.ask(write(index))
      assert.strictEqual(script.commits.length, index)
      assert.strictEqual(yield* reader, index + 1)
    }
  }).pipe(Effect.provide(layer))
})

it.effect("W1: entries, a transition, entries: the run is closed before it", () => {
  const { layer, script, tapes } = taped()
  return Effect.gen(function* () {
    const one = yield* actor("0")
    for (const value of [1, 2]) yield* one.ask(write(value))
    yield* one.ask({ _tag: "Open", file: 1 })
    yield* one.askAll(writes(3))
    assert.strictEqual(script.commits.length, 1)
    assert.deepStrictEqual(tapes.calls, ["open", "write 1 1", "write 2 1", "write 3 3"])
    assert.deepStrictEqual(yield* batches, ["RegisterWritten 2", "[FileOpened 1]", "RegisterWritten 3"])
  }).pipe(Effect.provide(layer))
})

it.effect("W1: what another actor makes durable comes behind the entries of all tapes", () => {
  const { layer } = taped()
  return Effect.gen(function* () {
    const [one, other, third] = yield* Effect.all([actor("0"), actor("1"), actor("2")])
    yield* one.ask(write(1))
    yield* other.ask(write(2))
    yield* third.ask({ _tag: "Open", file: 0 }, durable)
    assert.deepStrictEqual(yield* batches, ["RegisterWritten 1", "RegisterWritten 1", "[FileOpened 1]"])
    yield* one.ask(write(3))
    assert.strictEqual(yield* third.ask({ _tag: "Look" }, durable), 0)
    assert.strictEqual((yield* batches).length, 4)
  }).pipe(Effect.provide(layer))
})

it.effect("W1: alone on the tape, an entry is in the journal a second later, with the time it was written at", () => {
  const { layer, script } = taped()
  return Effect.gen(function* () {
    const one = yield* actor("0")
    const times = [1_000_000, 1_000_250, 1_000_999]
    for (const [value, time] of times.entries()) {
      yield* TestClock.setTime(time)
      yield* one.ask(write(value))
    }
    assert.strictEqual(script.commits.length, 0)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(script.commits.length, 1)
    assert.deepStrictEqual(
      (yield* recorded).map(({ time }) => time),
      times.map((time) => time * 1000)
    )
  }).pipe(Effect.provide(layer))
})

it.effect(
  "W1: the journal is full while taking in: the entries stay, in their order, and come in when there is space",
  () => {
    const { layer, script } = taped()
    return Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.askAll(writes(3))
      for (let count = 0; count < 3; count++) script.faults.push({ fails: full })
      assert.include(yield* Effect.flip(one.ask({ _tag: "Open", file: 0 })), { _tag: "JournalFull" })
      assert.deepStrictEqual(yield* recorded, [])
      assert.include(yield* Effect.flip(one.ask({ _tag: "Look" }, durable)), { _tag: "JournalFull" })
      assert.strictEqual(yield* one.ask(write(7)), 4)
      assert.include(one.unsafeState(), { writes: 4, last: 7 })
      assert.strictEqual(yield* one.ask({ _tag: "Open", file: 0 }), 0)
      assert.deepStrictEqual(yield* batches, ["RegisterWritten 3", "RegisterWritten 1", "[FileOpened 1]"])
      assert.deepStrictEqual((yield* stranger).unsafeState(), one.unsafeState())
    }).pipe(Effect.provide(layer))
  }
)

it.effect("W1: stopped while its entries cannot be taken in: it is not restored without them", () => {
  const { layer, script } = taped()
  return Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.askAll(writes(3))
    yield* Effect.flatMap(ActorSystem, (system) => system.restart("device/0"))
    script.faults.push({ fails: full })
    const error = yield* Effect.flip(one.ask(write(1)))
    assert.include(error, { _tag: "JournalUnavailable", retryable: true })
    assert.match(
      error.message,
      /the last entries of device\/0 are on its tape and cannot be taken in: no space is left/
    )
    assert.strictEqual(yield* one.ask(write(1)), 4)
  }).pipe(Effect.provide(layer))
})

it.effect("W1: a tape that cannot be written: nothing of the turn counts, and the next one that fits does", () => {
  const { layer, tapes } = taped()
  return Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask(write(1))
    tapes.writes = 0
    assert.include(yield* Effect.flip(one.ask(write(2))), { _tag: "JournalFull" })
    assert.include(yield* Effect.flip(Effect.asVoid(one.askAll(writes(9)))), { _tag: "JournalFull" })
    assert.include(one.unsafeState(), { writes: 1, last: 1 })
    tapes.writes = 1
    assert.strictEqual(yield* one.ask(write(3)), 2)
    assert.strictEqual((yield* recorded).length, 2)
  }).pipe(Effect.provide(layer))
})

it.effect("W1: a turn of several writes whose second fails: state and journal have those of the first", () => {
  const { layer, tapes } = taped()
  return Effect.gen(function* () {
    const one = yield* actor("0")
    tapes.writes = 1
    assert.include(yield* Effect.flip(Effect.asVoid(one.askAll(writes(5000)))), { _tag: "JournalFull" })
    tapes.writes = 9
    assert.include(yield* one.state, { writes: 4096, last: 4095 })
    assert.strictEqual(yield* one.ask(write(3)), 4097)
    assert.strictEqual((yield* recorded).length, 4097)
    assert.deepStrictEqual((yield* stranger).unsafeState(), one.unsafeState())
  }).pipe(Effect.provide(layer))
})

it.effect("W2: behind the own events of another process, versions on the tape are those of the journal again", () => {
  const { layer, tapes } = taped()
  return Effect.gen(function* () {
    const one = yield* actor("0")
    const journal = yield* Journal
    yield* one.askAll(writes(5))
    // As another process does it, which knows nothing of the tape.
    const drain = {
      durability: "written",
      time: 0,
      correlation: "other",
      causation: null,
      command: null,
      streams: [{ stream: "device/0", behavior: "device", owner: null, expected: 0 }],
      records: [
        {
          stream: 0,
          type: "DrainStarted",
          schemaVersion: 1,
          encoding: 1,
          count: 1,
          payload: '{"_tag":"DrainStarted","id":8}'
        }
      ]
    } as const
    assert.isTrue(Either.isRight(journal.commitNow(drain)))
    assert.strictEqual((yield* recorded).length, 6)
    assert.strictEqual(yield* one.ask(write(9)), 6)
    assert.strictEqual(tapes.calls.at(-1), "write 7 1")
    assert.strictEqual((yield* one.state).drain?.id, 8)
    assert.deepStrictEqual(
      (yield* recorded).map(({ version }) => version),
      [1, 2, 3, 4, 5, 6, 7]
    )
  }).pipe(Effect.provide(layer))
})

it.effect(
  "W2: displaced when its tape is full: the turn decided on less is refused, everything acknowledged is kept",
  () => {
    const { layer } = taped()
    return Effect.gen(function* () {
      const one = yield* actor("0")
      const journal = yield* Journal
      yield* one.askAll(writes(4096))
      const payload = '{"_tag":"DrainStarted","id":8}'
      const streams = [{ stream: "device/0", behavior: "device", owner: null, expected: 0 }]
      const records = [{ stream: 0, type: "DrainStarted", schemaVersion: 1, encoding: 1, count: 1, payload }]
      const context = { durability: "written", time: 0, correlation: "other", causation: null, command: null } as const
      assert.isTrue(Either.isRight(journal.commitNow({ ...context, streams, records })))
      assert.include(yield* Effect.flip(one.ask(write(1))), { _tag: "VersionConflict", retryable: true })
      assert.strictEqual(yield* one.ask(write(1)), 4097)
      assert.strictEqual((yield* recorded).length, 4098)
    }).pipe(Effect.provide(layer))
  }
)

it.effect("a long tape is begun anew once the journal has what is on it, durably; one that is not long goes on", () => {
  const { driver, script, tapes } = taped()
  let syncs = 0
  const sync = () => {
    tapes.calls.push("sync")
    return syncs++ === 0 ? Either.left(new JournalUnavailable({ journal: "memory", reason: "busy" })) : Either.void
  }
  const { layer } = scripted(true, {}, { tapes }, { ...driver, sync })
  return Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.ask(write(1))
    yield* recorded
    assert.deepStrictEqual(tapes.calls, ["open", "write 1 1"])
    yield* one.ask(write(2))
    tapes.size = maxTapeBytes
    yield* recorded
    assert.strictEqual(one.unsafePosition(), 2, "what is in the journal counts, whatever the tape says")
    yield* one.ask(write(3))
    yield* recorded
    assert.deepStrictEqual(tapes.calls.slice(2), ["write 2 1", "sync", "write 3 1", "sync", "rotate"])
    assert.strictEqual(script.commits.length, 3)
  }).pipe(Effect.provide(layer))
})

it.effect("the system ends: what is on tapes is in the journal, durably, and the tapes are gone", () => {
  const { layer, script, tapes } = taped()
  return Effect.gen(function* () {
    yield* Effect.flatMap(actor("0"), (one) => one.askAll(writes(2))).pipe(Effect.provide(layer))
    assert.deepStrictEqual(tapes.calls, ["open", "write 1 2", "close", "discard"])
    assert.strictEqual(script.commits.length, 1)
  })
})

it.effect("the system ends while the journal is full: the tape stays for the next one", () => {
  const { layer, script, tapes } = taped()
  return Effect.gen(function* () {
    for (let count = 0; count < 3; count++) script.faults.push({ fails: full })
    yield* Effect.flatMap(actor("0"), (one) => one.askAll(writes(2))).pipe(Effect.provide(layer))
    assert.deepStrictEqual(tapes.calls, ["open", "write 1 2", "close"])
  })
})

it.effect("passive: an actor with entries outside the journal stays; without them its tape is ended", () => {
  const { layer, tapes } = taped({ idle: "100 millis" })
  return Effect.gen(function* () {
    const system = yield* ActorSystem
    const one = yield* actor("0")
    yield* one.ask(write(1))
    yield* TestClock.adjust("900 millis")
    assert.strictEqual(yield* system.size, 1)
    yield* TestClock.adjust("500 millis")
    assert.strictEqual(yield* system.size, 0)
    assert.deepStrictEqual(tapes.calls, ["open", "write 1 1", "close", "discard"])
    assert.strictEqual(yield* one.ask(write(2)), 2)
  }).pipe(Effect.provide(layer))
})

it.effect("a snapshot has what is in the journal at its sequence, whatever is on the tape", () => {
  const { layer } = taped({ snapshotEvents: 3 })
  const known = Replay.registry(Replay.replayable(device), Replay.replayable(deviceFile))
  return Effect.gen(function* () {
    const journal = yield* Journal
    const one = yield* actor("0")
    for (let value = 0; value < 4; value++) yield* one.ask(write(value))
    yield* one.ask({ _tag: "Open", file: 1 })
    yield* one.askAll(writes(3))
    const snapshots = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.snapshots(0)))
    assert.deepStrictEqual(
      snapshots.map(({ sequence, versions }) => [sequence, versions]),
      [
        [3, [["device/0", 3]]],
        [
          8,
          [
            ["device/0", 7],
            ["device/0/file/1", 1]
          ]
        ]
      ]
    )
    for (const { sequence, state } of snapshots) {
      const folded = Replay.replayable(device).start("device/0")
      for (const event of (yield* recorded).slice(0, sequence)) assert.isTrue(Either.isRight(folded.apply(event)))
      assert.strictEqual(new TextDecoder().decode(state), folded.state().json)
      assert.strictEqual((yield* Replay.stateAt(known, "device/0", sequence)).state.json, folded.state().json)
    }
  }).pipe(Effect.provide(layer))
})
