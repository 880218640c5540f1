/** Tapes beside a journal in SQLite: files while it is open, none behind it, and what a crash leaves comes in once. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify, encodings } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, TestClock } from "effect"
import { existsSync } from "node:fs"
import { cp, readdir } from "node:fs/promises"
import { write } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { actor, batches, recorded } from "./worlds.ts"

const writes = (count: number) => Array.from({ length: count }, (_, value) => write(value))

const world = (file: string, tapes = true) => Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes }))

/** Names of the tapes of a journal. */
const tapesOf = (file: string) =>
  Effect.promise(async () =>
    (existsSync(`${file}-tapes`) ? await readdir(`${file}-tapes`) : []).filter((name) => name.endsWith(".tape"))
  )

/** The files of a journal as the death of its process leaves them at this moment. */
const crash = (file: string) =>
  Effect.gen(function* () {
    const left = yield* temporaryFile
    for (const ending of ["", "-wal", "-tapes"]) {
      if (existsSync(file + ending)) yield* Effect.promise(() => cp(file + ending, left + ending, { recursive: true }))
    }
    return left
  })

/** What a later process finds: the actor's state, and how far the journal goes. */
const found = (file: string, tapes = true) =>
  Effect.gen(function* () {
    const one = yield* actor("0")
    const { sequence } = yield* Verify.verify()
    return { ...one.unsafeState(), sequence }
  }).pipe(Effect.provide(world(file, tapes)))

it.scoped("open: one file for each taped actor; closed: none; everything is in the journal", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.gen(function* () {
      for (const id of ["0", "1"]) yield* Effect.flatMap(actor(id), (one) => one.askAll(writes(3)))
      assert.deepStrictEqual((yield* tapesOf(file)).toSorted(), ["device%2F0.tape", "device%2F1.tape"])
    }).pipe(Effect.provide(world(file)))
    assert.deepStrictEqual(yield* tapesOf(file), [])
    assert.include(yield* found(file, false), { writes: 3, sequence: 6 })
  })
)

it.scoped("a crash with entries on tape: the next process takes them in with their times, once", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const left = yield* Effect.gen(function* () {
      const one = yield* actor("0")
      for (const [value, time] of [1000, 1007, 1500].entries()) {
        yield* TestClock.setTime(time)
        yield* one.ask(write(value))
      }
      return yield* crash(file)
    }).pipe(Effect.provide(world(file)))
    for (const tapes of [false, true, false]) {
      assert.include(yield* found(left, tapes), { writes: 3, last: 2, sequence: 3 })
      assert.deepStrictEqual(yield* tapesOf(left), [])
    }
    const events = yield* Effect.provide(recorded, layerSqlite({ file: left, readOnly: true }))
    assert.deepStrictEqual(
      events.map(({ encoding, time }) => [encoding, time]),
      [1_000_000, 1_007_000, 1_500_000].map((time) => [encodings.timed, time])
    )
  })
)

it.scoped("a crash at every point of a mixed history loses nothing that was answered, and doubles nothing", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const steps = [
      [writes(2), "written"],
      [[{ _tag: "Open", file: 1 }], "written"],
      [writes(3), "written"],
      [[write(9)], "durable"],
      [[write(8), { _tag: "Open", file: 2 }, write(7)], "written"]
    ] as const
    const crashes: Array<{ left: string; writes: number; last: number; files: number }> = []
    yield* Effect.gen(function* () {
      const journal = yield* Journal
      const one = yield* actor("0")
      for (const [index, [commands, durability]] of steps.entries()) {
        yield* one.askAll(commands, { durability })
        // Half of the crashes come after the journal took the entries in and before the tape is emptied.
        if (index % 2 === 1) yield* journal.head()
        const { files, last, writes: count } = one.unsafeState()
        crashes.push({ left: yield* crash(file), writes: count, last, files: files.length })
      }
    }).pipe(Effect.provide(world(file)))
    for (const { files, last, left, writes: count } of crashes) {
      const state = yield* found(left)
      assert.include(state, { writes: count, last, sequence: count + files })
      assert.strictEqual(state.files.length, files)
    }
  })
)

it.scoped("W2: another process writes to the stream while entries are on tape: both are kept, also after a crash", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const mine = yield* Layer.build(world(file))
    const theirs = yield* Layer.build(world(file, false))
    const one = yield* Effect.provide(actor("0"), mine)
    const other = yield* Effect.provide(actor("0"), theirs)
    yield* one.askAll(writes(3))
    yield* other.ask({ _tag: "Drain", id: 4 })
    assert.strictEqual((yield* Effect.provide(recorded, mine)).length, 4)
    yield* one.askAll(writes(2))
    assert.include(one.unsafeState(), { writes: 5 })
    assert.strictEqual(one.unsafeState().drain?.id, 4)
    assert.include(yield* found(yield* crash(file)), { writes: 5, sequence: 6 })
  })
)

it.scoped("T4: opened again while entries are on tape: nothing is doubled; with tapes only one opening at a time", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const mine = yield* Layer.build(world(file))
    const one = yield* Effect.provide(actor("0"), mine)
    yield* one.askAll(writes(3))
    const theirs = yield* Layer.build(layerSqlite({ file }))
    assert.strictEqual((yield* Effect.provide(recorded, theirs)).length, 0)
    assert.strictEqual((yield* Effect.provide(recorded, mine)).length, 3)
    assert.strictEqual((yield* Effect.provide(recorded, theirs)).length, 3)
    const refused = yield* Effect.flip(Effect.provide(Journal, layerSqlite({ file, tapes: true })))
    assert.include(refused, { _tag: "JournalUnavailable", journal: file })
    assert.match(refused.message, /its tapes are in use .*: let the other process end, or open it without tapes$/)
    yield* one.askAll(writes(2))
    assert.include(yield* found(yield* crash(file)), { writes: 5, sequence: 5 })
  })
)

it.scoped("T4: two systems over one journal: the second cannot write to a tape that the first has open", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.askAll(writes(3))
      yield* Effect.gen(function* () {
        const twin = yield* actor("0")
        const refused = yield* Effect.flip(twin.ask(write(1)))
        assert.include(refused, { _tag: "JournalUnavailable" })
        assert.match(refused.message, /device%2F0\.tape is not available: it is open already: use one actor system$/)
        assert.strictEqual(yield* twin.ask({ _tag: "Drain", id: 2 }), 2)
      }).pipe(Effect.provide(ActorSystem.layer))
      assert.include(yield* Effect.flip(one.ask({ _tag: "Drain", id: 3 })), { _tag: "VersionConflict" })
      assert.strictEqual(yield* one.ask({ _tag: "Drained", id: 2 }), 2)
      yield* one.askAll(writes(2))
    }).pipe(Effect.provide(world(file)))
    assert.include(yield* found(file), { writes: 5, sequence: 7 })
  })
)

it.scoped("a journal that is read only takes nothing in and leaves the tapes", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const left = yield* Effect.gen(function* () {
      yield* Effect.flatMap(actor("0"), (one) => one.askAll(writes(3)))
      return yield* crash(file)
    }).pipe(Effect.provide(world(file)))
    assert.deepStrictEqual(yield* Effect.provide(batches, layerSqlite({ file: left, readOnly: true })), [])
    assert.strictEqual((yield* tapesOf(left)).length, 1)
    assert.include(yield* found(left), { sequence: 3 })
  })
)
