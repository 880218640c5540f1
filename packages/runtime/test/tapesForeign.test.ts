/** Tapes of a journal that others append to, and tapes that cannot be taken in: nothing answered is lost or doubled, no failure hidden. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { cp, rm } from "node:fs/promises"
import { temporaryFile } from "./files.ts"
import { actor } from "./worlds.ts"

const writes = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ _tag: "Write", offset: 0, value: first + index }) as const)

const world = (file: string, tapes = true) => Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes }))

/** A copy of the named parts of a journal, as the death of its process leaves them. */
const copied = (file: string, parts: ReadonlyArray<string> = ["", "-wal", "-tapes"]) =>
  Effect.gen(function* () {
    const left = yield* temporaryFile
    for (const part of parts) yield* Effect.promise(() => cp(file + part, left + part, { recursive: true }))
    return left
  })

const found = (file: string, tapes = true) =>
  Effect.gen(function* () {
    const { drain, ended, last, writes: count } = (yield* actor("0")).unsafeState()
    const { sequence } = yield* Verify.verify()
    return { drain, ended: ended.length, last, writes: count, sequence }
  }).pipe(Effect.provide(world(file, tapes)))

/** One with tapes and one without, over the same journal. */
const two = (file: string) =>
  Effect.gen(function* () {
    const one = yield* Effect.provide(actor("0"), yield* Layer.build(world(file)))
    const other = yield* Effect.provide(actor("0"), yield* Layer.build(world(file, false)))
    return { one, other }
  })

it.scoped("entries come in behind what another process appended, once, also if the tape outlives that", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const { one, other } = yield* two(file)
    yield* one.askAll(writes(1, 10))
    yield* other.ask({ _tag: "Drain", id: 7 })
    yield* other.ask({ _tag: "Reset" })
    const left = yield* copied(file)
    const tapes = yield* copied(file)
    const whole = { drain: null, ended: 1, last: 10, writes: 10, sequence: 12 }
    assert.deepStrictEqual(yield* found(left, false), whole)
    // The process that took them in died before it removed the tape.
    yield* Effect.promise(() => cp(`${tapes}-tapes`, `${left}-tapes`, { recursive: true }))
    assert.deepStrictEqual(yield* found(left), whole)
    assert.deepStrictEqual(yield* found(left), whole)
  })
)

it.scoped("more entries than others appended, fewer, and entries that their owner moved itself", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const { one, other } = yield* two(file)
    yield* one.askAll(writes(1, 2))
    for (let id = 0; id < 3; id++) {
      yield* other.ask({ _tag: "Drain", id })
      yield* other.ask({ _tag: "Reset" })
    }
    const expected = (count: number, sequence: number) => ({
      drain: null,
      ended: 3,
      last: count,
      writes: count,
      sequence
    })
    assert.deepStrictEqual(yield* found(yield* copied(file)), expected(2, 8))
    // Asking for what is not packed takes in, behind the others' events; the tape keeps the entries under their old versions.
    assert.include(yield* Effect.flip(one.ask({ _tag: "Drain", id: 9 })), { _tag: "VersionConflict" })
    assert.deepStrictEqual(yield* found(yield* copied(file)), expected(2, 8))
    yield* one.askAll(writes(3, 4))
    assert.deepStrictEqual(yield* found(yield* copied(file)), expected(6, 12))
  })
)

it.scoped("a tape that is damaged, and a lock that cannot be made, fail the opening with and without tapes", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const { one } = yield* two(file)
    yield* one.askAll(writes(1, 3))
    const damaged = yield* copied(file)
    const [name] = readdirSync(`${damaged}-tapes`).filter((each) => each.endsWith(".tape"))
    writeFileSync(`${damaged}-tapes/${name}`, "no tape at all")
    const unlockable = yield* copied(file)
    yield* Effect.promise(() => rm(`${unlockable}-tapes`, { recursive: true }))
    writeFileSync(`${unlockable}-tapes`, "a file")
    for (const tapes of [true, false]) {
      assert.include(yield* Effect.flip(found(damaged, tapes)), { _tag: "TapeDamaged" })
      const refused = yield* Effect.flip(found(unlockable, tapes))
      assert.include(refused, { _tag: "JournalUnavailable" })
      assert.notMatch(refused.message, /in use/)
      assert.isTrue(existsSync(`${unlockable}-tapes`))
    }
  })
)
