/** Entries as runs that a journal takes: nothing is lost or moved, whatever the batches and clocks. */
import { assert, it } from "@effect/vitest"
import { Journal, TapeRun, maxRunEntries } from "@stopcopy/runtime"
import { Chunk, Effect, FastCheck, Stream } from "effect"
import { entriesOf, identity, startTime } from "./tape.data.ts"
import { eventsIn, expected } from "./tape.support.ts"

/** Batches: how many entries, and the clock's step before each, which may go back or far ahead. */
const batches = FastCheck.array(
  FastCheck.tuple(
    FastCheck.integer({ min: 1, max: 300 }),
    FastCheck.oneof(
      FastCheck.integer({ min: 0, max: 1000 }),
      FastCheck.integer({ min: -1000, max: 0 }),
      FastCheck.constantFrom(0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 10_000_000_000)
    )
  ),
  { maxLength: 30 }
)

it.prop("what is added is taken: each entry with its version, time and bytes", [batches], ([all]) => {
  const run = new TapeRun(identity)
  const times: Array<number> = []
  let time = startTime
  for (const [count, step] of all) {
    time += step
    run.add(times.length + 1, time, entriesOf(times.length + 1, count), count)
    for (let index = 0; index < count; index++) times.push(time)
  }
  assert.strictEqual(run.entries, times.length)
  const events = eventsIn(run.take()).map((event) => ({
    version: event.version,
    time: event.time,
    payload: event.payload
  }))
  assert.deepStrictEqual(
    events,
    expected(1, times.length, (version) => times[version - 1] ?? 0)
  )
  assert.deepStrictEqual([run.entries, run.take()], [0, []])
})

it("a run is full at its limit, and its batch goes on", () => {
  const run = new TapeRun(identity)
  const count = maxRunEntries + 904
  run.add(11, startTime, entriesOf(11, count), count)
  run.add(11 + count, startTime + 0xffff_ffff, entriesOf(11 + count, 1), 1)
  run.add(12 + count, startTime + 0x1_0000_0000, entriesOf(12 + count, 1), 1)
  const requests = run.take()
  assert.deepStrictEqual(
    requests.map(({ records }) => records.map((record) => record.count)),
    [[maxRunEntries, 905], [1]]
  )
  assert.deepStrictEqual(
    requests.map(({ correlation, streams, time }) => [correlation, streams[0]?.expected, time]),
    [
      ["device/0@11", 10, startTime],
      [`device/0@${12 + count}`, 11 + count, startTime + 0x1_0000_0000]
    ]
  )
})

it("entries that do not follow are refused until the run is taken", () => {
  const run = new TapeRun(identity)
  run.add(1, startTime, entriesOf(1, 2), 2)
  assert.throws(() => run.add(4, startTime, entriesOf(4, 1), 1), /version 4 of device\/0 follows 2/)
  run.take()
  run.add(4, startTime, entriesOf(4, 1), 1)
  assert.strictEqual(run.take()[0]?.streams[0]?.expected, 3)
})

it.effect("a journal takes the appends and gives single events", () =>
  Effect.gen(function* () {
    const run = new TapeRun(identity)
    run.add(1, startTime, entriesOf(1, 5000), 5000)
    run.add(5001, startTime - 1, entriesOf(5001, 3), 3)
    const journal = yield* Journal
    for (const request of run.take()) yield* journal.append(request)
    const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0)))
    assert.deepStrictEqual(
      events.map(({ payload, time, version }) => ({ version, time, payload })),
      expected(1, 5003, (version) => (version > 5000 ? startTime - 1 : startTime))
    )
  }).pipe(Effect.provide(Journal.layerMemory))
)
