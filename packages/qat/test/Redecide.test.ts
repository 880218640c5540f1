/** Deciding again: every command in the journal, put to the state of its moment, gives the very events that are stored. */
import { assert, it } from "@effect/vitest"
import { Pci, Pf, Vf } from "@stopcopy/qat"
import { type Behavior, encodings, Journal } from "@stopcopy/runtime"
import { Chunk, Effect, Schema, Stream } from "effect"
import { enter, go, layer, migrate, open } from "./driver/hosts.ts"
import { busy, live } from "./driver/lives.ts"
import { configRegion, newDevice, put, start } from "./pci/vfio.ts"
import { migrations } from "./support/guest/Migrations.ts"

const utf8 = new TextDecoder()

/** The commands of one actor, and its events by batch. */
const historyOf = (stream: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const batches = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.batches(0)))
    const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0)))
    return batches
      .filter(({ command, records }) => (command?.stream ?? records[0]?.stream) === stream)
      .map(({ batch, command }) => ({
        command: command?.bytes ?? null,
        events: events.filter((envelope) => envelope.batch === batch)
      }))
  })

/** How many commands were decided again; fails on the first that gives other events. */
const decideAgain = <State, Command, Event extends Behavior.Tagged, Answer, Refused>(
  behavior: Behavior.Behavior<State, Command, Event, Answer, Refused>,
  stream: string
) =>
  Effect.gen(function* () {
    const toCommand = Schema.decodeSync(behavior.command)
    const toEvent = Schema.decodeSync(behavior.event)
    const toJson = Schema.encodeSync(behavior.event)
    let state = behavior.initial
    let decided = 0
    for (const { command, events } of yield* historyOf(stream)) {
      const stored = events.map(({ encoding, payload }) => {
        const bytes = payload ?? new Uint8Array(0)
        const packed = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        return encoding === encodings.packed ? behavior.packing?.read(packed, 0) : toEvent(utf8.decode(bytes))
      })
      if (command !== null) {
        const again = behavior.decide(state, toCommand(utf8.decode(command))).events
        assert.deepStrictEqual(
          again.map((event) => toJson(event)),
          stored.map((event) => (event === undefined ? "" : toJson(event)))
        )
        decided++
      }
      for (const event of stored) if (event !== undefined) state = behavior.evolve(state, event)
    }
    return decided
  })

it.effect("a migration, a refused one and a reset, decided again, give the same events", () =>
  Effect.gen(function* () {
    const source = yield* open("17")
    const destination = yield* open("65")
    const other = yield* open("b3", { pf: { extdc: 0 } })
    yield* live(source.driver, busy)
    yield* migrate(source, destination, { chunks: [13, 600] })
    yield* source.driver.reset
    yield* Effect.flip(migrate(destination, other))
    yield* go(destination, "RUNNING")
    yield* enter(other, "STOP_COPY").pipe(Effect.flip)
    yield* other.driver.close
    for (const { driver, pf } of [source, destination, other]) {
      assert.isAbove(yield* decideAgain(Vf.behavior, driver.vf.stream), 5)
      assert.isAbove(yield* decideAgain(Pf.behavior, pf.stream), 0)
    }
  }).pipe(Effect.provide(layer))
)

it.live("so do the reports of an engine at work, its interrupts, and two live migrations of it", () =>
  Effect.gen(function* () {
    const { world } = yield* migrations(9, 2, 40)
    for (const stream of world.streams) assert.isAbove(yield* decideAgain(Vf.behavior, stream), 20)
  }).pipe(Effect.provide(layer))
)

it.scoped("so do writes to config space and the MSI-X table, refused ones, and resets", () =>
  Effect.gen(function* () {
    const { device, pci } = yield* newDevice("17")
    yield* start(device)
    yield* put(device, configRegion, 0x10, 0xffff_ffff)
    yield* Effect.flip(put(device, configRegion, 0x0c, 0x0100_2010))
    yield* put(device, 2, 0x1800, 0xfee0_0000)
    yield* put(device, configRegion, 0x58, 0x8000, 2)
    yield* device.reset
    assert.strictEqual(yield* decideAgain(Pci.behavior, pci.stream), 10)
  }).pipe(Effect.provide(layer))
)
