/**
 * Makes a golden journal: one of everything that a journal can hold. `STOPCOPY_GOLDEN=<folder> vitest run golden` in this package writes one
 * with what is expected of it into a folder. Journals of releases stay as they are for ever: a new one gets a name of its own.
 */
import { ActorSystem, Compaction, Journal, Replay, Supervision, withCorrelation } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, TestClock } from "effect"
import { device, deviceFile } from "../Device.ts"

/** The behaviors of a golden journal. */
export const known = Replay.registry(
  Replay.replayable(device),
  Replay.replayable(deviceFile),
  Replay.replayable(Supervision.behavior)
)

const write = (value: number) => ({ _tag: "Write", offset: 4, value }) as const
const move = (file: number, bytes: number) => ({ _tag: "Move", file, bytes: new Uint8Array(bytes).fill(7) }) as const

/** The device of a golden journal: what is recorded of its defect names no path. */
const quiet: typeof device = {
  ...device,
  evolve: (state, event) => {
    if (event._tag !== "FileMoved" || event.file >= 0) return device.evolve(state, event)
    throw Object.assign(new Error("evolve is broken"), { stack: "Error: evolve is broken" })
  }
}

const beforeBases = Effect.gen(function* () {
  const system = yield* ActorSystem
  const [zero, one, two] = yield* Effect.all([0, 1, 2].map((id) => system.actor(quiet, `${id}`)))
  if (zero === undefined || one === undefined || two === undefined) return
  yield* zero.askAll([write(1), write(2)])
  yield* TestClock.adjust("3 millis")
  yield* zero.askAll([write(3), { _tag: "Open", file: 1 }, write(4)])
  yield* zero.ask(move(1, 5), { durability: "durable" })
  yield* zero.ask({ _tag: "Drain", id: 1 }).pipe(withCorrelation("migration-1"))
  yield* one.askAll([write(5), write(6), write(-1)]).pipe(withCorrelation("migration-1"))
  yield* Effect.exit(one.ask({ _tag: "Break", where: "evolve" }))
  yield* two.ask({ _tag: "Open", file: 5 })
  yield* two.ask(move(5, 9))
})

const afterBases = Effect.gen(function* () {
  const system = yield* ActorSystem
  const zero = yield* system.actor(quiet, "0")
  yield* zero.ask({ _tag: "Drained", id: 1 }, { durability: "durable" })
  yield* zero.askAll([write(7), write(8), write(9), write(10), write(11)])
  yield* zero.ask({ _tag: "Drained", id: 1 })
  const three = yield* system.actor(quiet, "3")
  yield* three.ask({ _tag: "Open", file: 2 })
})

/** The sequence of the last event of that type in a stream. */
const lastOf = (stream: string, last: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    let found = 0
    const cursor = yield* journal.history(stream)
    for (let page = yield* cursor.next(); page.length > 0; page = yield* cursor.next()) {
      for (const { sequence, type } of page) if (type === last) found = sequence
    }
    return found
  })

const furnish = Effect.gen(function* () {
  yield* TestClock.setTime(1_700_000_000_000)
  yield* beforeBases
  yield* Compaction.writeBases(known)
  yield* afterBases
  const journal = yield* Journal
  const sequences = [yield* lastOf("device/2", "FileMoved"), yield* lastOf("device/3", "FileOpened")]
  yield* journal.redact({ sequences, commands: [] })
})

/** Makes the journal at `file`. */
export const make = (file: string) =>
  furnish.pipe(
    Effect.provide(Layer.provideMerge(ActorSystem.layerWith({ snapshotEvents: 4 }), layerSqlite({ file, tapes: true })))
  )
