/** What every journal layer does: run unchanged over all of them. */
import { assert, describe, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify, encodings, maxPayloadBytes, maxRunEntries, pageRecords } from "@stopcopy/runtime"
import type { AppendRequest, Envelope, ExpectedStream, NewRecord } from "@stopcopy/runtime"
import { Chunk, Effect, type Layer, Stream } from "effect"
import { device } from "./Device.ts"

const utf8 = new TextEncoder()

export const own = (stream: string, expected: number): ExpectedStream => ({
  stream,
  behavior: "thing",
  owner: null,
  expected
})

export const json = (value: unknown, stream = 0): NewRecord => ({
  stream,
  type: "Happened",
  schemaVersion: 1,
  encoding: encodings.json,
  count: 1,
  payload: utf8.encode(JSON.stringify(value))
})

const packed = (count: number): NewRecord => ({
  stream: 0,
  type: "Packed",
  schemaVersion: 1,
  encoding: encodings.packed,
  count,
  payload: Uint8Array.from({ length: count * 2 }, (_, index) => index >> 1)
})

export const request = (
  streams: ReadonlyArray<ExpectedStream>,
  records: ReadonlyArray<NewRecord>,
  more: Partial<AppendRequest> = {}
): AppendRequest => ({
  durability: "written",
  time: 1_700_000_000_123_456,
  correlation: "c-1",
  causation: null,
  command: { stream: "thing/a", schemaVersion: 1, bytes: utf8.encode('{"_tag":"Do"}') },
  streams,
  records,
  ...more
})

const all = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)
const places = (events: ReadonlyArray<Envelope>) =>
  events.map(({ sequence, stream, version }) => [sequence, stream, version])

/** Runs the suite over a layer that gives a fresh journal each time; with a reason it is skipped, and says why. */
export const contract = <E>(name: string, layer: Layer.Layer<Journal, E>, skipped?: string): void => {
  if (skipped !== undefined) console.warn(`${name}: skipped, ${skipped}`)
  describe.skipIf(skipped !== undefined)(`${name}`, () => {
    suite(layer)
  })
}

const suite = <E>(layer: Layer.Layer<Journal, E>): void => {
  appends(layer)
  refusals(layer)
  reads(layer)
  pages(layer)
  actors(layer)
}

const appends = <E>(layer: Layer.Layer<Journal, E>): void => {
  it.effect("an empty journal has its head at 0, no streams and no events", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      assert.deepStrictEqual(yield* journal.head(), { batch: 0, sequence: 0 })
      assert.deepStrictEqual(yield* journal.streams(), [])
      assert.deepStrictEqual(yield* all(journal.events(0)), [])
      assert.deepStrictEqual(yield* all(journal.batches(0)), [])
      assert.match(journal.id, /^[0-9a-f]{32}$/)
    }).pipe(Effect.provide(layer))
  )

  it.effect("sequences are gapless over all streams, versions in each", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const first = yield* journal.append(request([own("a", 0), own("b", 0)], [json(1), json(2, 1), json(3)]))
      assert.deepStrictEqual(first, { batch: 1, first: 1, last: 3 })
      const second = yield* journal.append(request([own("b", 1)], [json(4)], { durability: "durable" }))
      assert.deepStrictEqual(second, { batch: 2, first: 4, last: 4 })
      assert.deepStrictEqual(places(yield* all(journal.events(0))), [
        [1, "a", 1],
        [2, "b", 1],
        [3, "a", 2],
        [4, "b", 2]
      ])
      assert.deepStrictEqual(yield* journal.head(), { batch: 2, sequence: 4 })
      yield* journal.sync()
      assert.deepStrictEqual(yield* journal.streams(), [
        { stream: "a", behavior: "thing", owner: null, version: 2 },
        { stream: "b", behavior: "thing", owner: null, version: 2 }
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("everything of an append comes back as it was", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const streams = [{ stream: "x/Ä/1", behavior: "file", owner: "x/Ä", expected: 0 }]
      const sent = request(streams, [json({ text: "ß\u0000€" })], { correlation: "m-7", causation: "00/3", time: -5 })
      yield* journal.append(sent)
      const [event] = yield* all(journal.events(0))
      assert.include(event, { correlation: "m-7", causation: "00/3", time: -5, batch: 1, owner: "x/Ä" })
      assert.deepStrictEqual(new Uint8Array(event?.payload ?? []), sent.records[0]?.payload)
      const [batch] = yield* all(journal.batches(0))
      assert.include(batch?.command, { stream: "thing/a", schemaVersion: 1, hash: null })
      assert.deepStrictEqual(new Uint8Array(batch?.command?.bytes ?? []), sent.command?.bytes)
      yield* journal.append(request([own("a", 0)], [packed(1)], { command: null }))
      assert.isNull((yield* all(journal.batches(1)))[0]?.command)
    }).pipe(Effect.provide(layer))
  )
}

const refusals = <E>(layer: Layer.Layer<Journal, E>): void => {
  it.effect("a stream that moved on is a conflict, and nothing of the append is kept", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* journal.append(request([own("a", 0)], [json(1)]))
      for (const expected of [0, 2]) {
        const refused = Effect.flip(journal.append(request([own("b", 0), own("a", expected)], [json(2), json(3, 1)])))
        assert.include(yield* refused, { _tag: "VersionConflict", stream: "a", expected, actual: 1 })
      }
      assert.deepStrictEqual(yield* journal.head(), { batch: 1, sequence: 1 })
      assert.strictEqual((yield* journal.streams()).length, 1)
      assert.include(yield* journal.append(request([own("b", 0)], [json(2)])), { first: 2 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("what exceeds a limit is refused with the limit, and nothing is kept", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const large = { ...json(0), payload: new Uint8Array(maxPayloadBytes + 1) }
      const refused = yield* Effect.flip(journal.append(request([own("a", 0)], [json(1), large])))
      assert.include(refused, { _tag: "AppendTooLarge", actual: maxPayloadBytes + 1, limit: maxPayloadBytes })
      const long = yield* Effect.flip(journal.append(request([own("a", 0)], [packed(maxRunEntries + 1)])))
      assert.include(long, { _tag: "AppendTooLarge", limit: maxRunEntries, retryable: false })
      assert.deepStrictEqual(yield* journal.head(), { batch: 0, sequence: 0 })
    }).pipe(Effect.provide(layer))
  )
}

const reads = <E>(layer: Layer.Layer<Journal, E>): void => {
  it.effect("a packed run is read as single events, also from its middle", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* journal.append(request([own("a", 0)], [json(0), packed(maxRunEntries), packed(3), json(9)]))
      const last = maxRunEntries + 5
      assert.deepStrictEqual(yield* journal.head(), { batch: 1, sequence: last })
      const events = yield* all(journal.events(0))
      assert.deepStrictEqual(
        events.map(({ sequence, version }) => [sequence, version]),
        Array.from({ length: last }, (_, index) => [index + 1, index + 1])
      )
      assert.deepStrictEqual([...(events[7]?.payload ?? [])], [6, 6])
      const tail = yield* all(journal.events(maxRunEntries))
      assert.deepStrictEqual(
        tail.map(({ payload, sequence }) => [sequence, payload?.byteLength]),
        [
          [last - 4, 2],
          [last - 3, 2],
          [last - 2, 2],
          [last - 1, 2],
          [last, 1]
        ]
      )
      assert.deepStrictEqual(places(yield* all(journal.eventsOf("a"))), places(events))
    }).pipe(Effect.provide(layer))
  )
}

const pages = <E>(layer: Layer.Layer<Journal, E>): void => {
  it.effect("more than a page is read without gap or repetition, globally, of a stream, of an actor, by batch", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const count = pageRecords * 2 + 1
      for (let version = 0; version < count; version++) {
        const file = { stream: "a/f", behavior: "file", owner: "a", expected: version }
        yield* journal.append(
          request([own("a", version), file, own("other", version)], [json(0), json(1, 1), json(2, 2)])
        )
      }
      const numbers = (total: number) => Array.from({ length: total }, (_, index) => index + 1)
      const events = yield* all(journal.events(0))
      assert.deepStrictEqual(
        events.map(({ sequence }) => sequence),
        numbers(count * 3)
      )
      const stream = yield* all(journal.eventsOf("a/f"))
      assert.deepStrictEqual(
        stream.map(({ version }) => version),
        numbers(count)
      )
      const batches = yield* all(journal.batches(0))
      assert.deepStrictEqual(
        batches.map(({ batch, records }) => [batch, records.length]),
        numbers(count).map((batch) => [batch, 3])
      )
      const cursor = yield* journal.history("a")
      const history: Array<number> = []
      for (let page = yield* cursor.next(); page.length > 0; page = yield* cursor.next()) {
        history.push(...page.map(({ sequence }) => sequence))
      }
      assert.deepStrictEqual(
        history,
        numbers(count * 3).filter((sequence) => sequence % 3 !== 0)
      )
      assert.strictEqual((yield* journal.streams("a")).length, 2)
      assert.include(yield* Verify.verify(), { batch: count, sequence: count * 3 })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a stream that is not there is empty", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      assert.deepStrictEqual(yield* all(journal.eventsOf("nowhere")), [])
      assert.deepStrictEqual(yield* (yield* journal.history("nowhere")).next(), [])
    }).pipe(Effect.provide(layer))
  )
}

const actors = <E>(layer: Layer.Layer<Journal, E>): void => {
  it.effect("actors over it are restored as they were, and the chain is whole", () =>
    Effect.gen(function* () {
      const actor = Effect.flatMap(ActorSystem, (system) => system.actor(device, "0"))
      const one = yield* Effect.provide(actor, ActorSystem.layer)
      yield* one.ask({ _tag: "Open", file: 1 })
      yield* one.ask({ _tag: "Move", file: 1, bytes: new Uint8Array(100) })
      for (let value = 0; value < 10; value++) yield* one.ask({ _tag: "Write", offset: 8, value })
      yield* one.ask({ _tag: "Drain", id: 1 }, { durability: "durable" })
      const twin = yield* Effect.provide(actor, ActorSystem.layer)
      assert.deepStrictEqual(twin.unsafeState(), one.unsafeState())
      assert.strictEqual(twin.unsafePosition(), 13)
      assert.include(yield* Verify.verify(), { sequence: 13, batch: 13 })
    }).pipe(Effect.provide(layer))
  )
}
