/** Commands that stand in a spool for what they led to: the journal is what it would have been, whenever its process ends. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Behavior, deciderOf, Journal, Verify, withCausation, withCorrelation } from "@stopcopy/runtime"
import { layerSqlite, type SqliteFile } from "@stopcopy/runtime/sqlite"
import { Chunk, Effect, Layer, Stream, TestClock } from "effect"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { crc32 } from "node:zlib"
import { device, write } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"
import { actor } from "./worlds.ts"

const deciders = [deciderOf(device)]

const world = (file: string, options: Partial<SqliteFile> = {}) =>
  Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true, spool: true, deciders, ...options }))

/** A world that is open as long as the scope of the test. */
const built = (file: string, options: Partial<SqliteFile> = {}) => Layer.build(world(file, options))

const copied = (file: string, parts: ReadonlyArray<string> = ["", "-wal", "-tapes"]) =>
  Effect.gen(function* () {
    const left = yield* temporaryFile
    for (const part of parts) {
      if (existsSync(file + part)) yield* Effect.promise(() => cp(file + part, left + part, { recursive: true }))
    }
    return left
  })

const spoolOf = (file: string) => `${file}-tapes/spool`
const moved = (file: number, text: string) => ({ _tag: "Move", file, bytes: new TextEncoder().encode(text) }) as const

/** Turns of all kinds: deferred ones, one that is refused, packed events before and behind, another stream, one of another correlation and causation. */
const life = Effect.gen(function* () {
  const [one, other, journal] = [yield* actor("0"), yield* actor("1"), yield* Journal]
  yield* one.ask({ _tag: "Open", file: 0 })
  yield* TestClock.adjust("3 millis")
  yield* one.ask(moved(0, "é"))
  yield* other.ask({ _tag: "Drain", id: 1 })
  yield* one.askAll([write(1), write(2), moved(0, "four"), write(3)])
  yield* Effect.flip(one.ask(moved(7, "no such file")))
  yield* journal.append(request([own("a", 0)], [json(0)]))
  yield* other.ask({ _tag: "Drained", id: 1 }).pipe(withCorrelation("migration"), withCausation(2))
  yield* other.ask({ _tag: "Drained", id: 1 })
  yield* one.ask({ _tag: "Open", file: 1 })
  yield* one.ask(write(4))
  yield* one.ask(moved(1, ""))
})

/** Everything in a journal but what is its own: its id, and the links that follow from that. */
const content = (file: string, options: Partial<SqliteFile> = {}) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    yield* Verify.verify()
    const batches = yield* Stream.runCollect(journal.batches(0))
    return Chunk.toReadonlyArray(batches).map((batch) => ({ ...batch, hash: undefined }))
  }).pipe(Effect.provide(layerSqlite({ file, spool: true, tapes: true, deciders, ...options })), Effect.scoped)

const linksOf = (file: string) =>
  Effect.flatMap(Journal, (journal) => Stream.runCollect(journal.batches(0))).pipe(
    Effect.map((batches) => Chunk.toReadonlyArray(batches).map(({ hash }) => Buffer.from(hash).toString("hex"))),
    Effect.provide(layerSqlite({ file, readOnly: true }))
  )

it.scoped("the journal is byte for byte the one that encodes at once", () =>
  Effect.gen(function* () {
    const [slow, fast] = [yield* temporaryFile, yield* temporaryFile]
    yield* Effect.provide(life, yield* built(slow, { deciders: [] }))
    yield* TestClock.setTime(0)
    yield* Effect.provide(life, yield* built(fast))
    const expected = yield* content(yield* copied(slow))
    assert.isAbove(expected.length, 9)
    assert.deepStrictEqual(yield* content(yield* copied(fast)), expected)
  })
)

it.scoped(
  "a process that dies leaves what it has answered, after every turn, with the links that it would have given",
  () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const context = yield* built(file)
      yield* Effect.provide(life, context)
      const left = yield* copied(file)
      const found = yield* content(left)
      assert.deepStrictEqual(yield* content(left), found, "opened once more")
      yield* Effect.provide(
        Effect.flatMap(Journal, (journal) => journal.sync()),
        context
      )
      assert.deepStrictEqual(yield* linksOf(left), yield* linksOf(file))
      const state = Effect.flatMap(actor("0"), (one) => one.state)
      assert.deepStrictEqual(yield* Effect.provide(state, world(left)), yield* Effect.provide(state, context))
    })
)

it.scoped("an entry is as long as its command, and not as what that led to", () =>
  Effect.gen(function* () {
    const [slow, fast] = [yield* temporaryFile, yield* temporaryFile]
    const asked = Effect.flatMap(actor("0"), (one) => one.ask({ _tag: "Open", file: 0 }))
    yield* Effect.provide(asked, yield* built(slow, { deciders: [] }))
    yield* Effect.provide(asked, yield* built(fast))
    assert.isBelow(statSync(spoolOf(fast)).size, statSync(spoolOf(slow)).size)
  })
)

it.scoped("what the tables have already is not decided again", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const context = yield* built(file)
    yield* Effect.provide(life, context)
    const full = readFileSync(spoolOf(file))
    yield* Effect.provide(
      Effect.flatMap(Journal, (journal) => journal.sync()),
      context
    )
    const left = yield* copied(file)
    const found = yield* content(yield* copied(file))
    writeFileSync(spoolOf(left), full)
    assert.deepStrictEqual(yield* content(left), found)
  })
)

it.scoped("who does not know the rules is refused and told so, and nothing is lost by that", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.provide(life, yield* built(file))
    const left = yield* copied(file)
    for (const options of [{ deciders: [] }, { deciders: [], spool: false, tapes: false }]) {
      const refused = yield* Effect.flip(content(left, options))
      assert.match(
        refused.message,
        /batch 1 is a command of behavior device, and who opens the journal does not know its rules: open/
      )
    }
    assert.deepStrictEqual(yield* content(left), yield* content(yield* copied(file)))
  })
)

it.scoped("rules that lead to something else are told from those that decided", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.provide(
      Effect.flatMap(actor("0"), (one) => one.ask({ _tag: "Drain", id: 1 })),
      yield* built(file)
    )
    const other: typeof device = {
      ...device,
      decide: (state, command) =>
        command._tag === "Drain"
          ? Behavior.accept([{ _tag: "DrainEnded", id: command.id, errno: 0 }], 0)
          : device.decide(state, command)
    }
    const refused = yield* Effect.flip(content(yield* copied(file), { deciders: [deciderOf(other)] }))
    assert.match(refused.message, /batch 1 .* it leads to other events than it did/)
  })
)

it.scoped("behind what somebody else appended meanwhile a command leads to what it leads to then", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const context = yield* built(file)
    const drain = (id: number) => Effect.flatMap(actor("0"), (one) => one.ask({ _tag: "Drain", id }))
    const reset = Effect.flatMap(actor("0"), (one) => one.ask({ _tag: "Reset" }))
    yield* Effect.provide(
      Effect.zipRight(
        drain(1),
        Effect.flatMap(Journal, (journal) => journal.sync())
      ),
      context
    )
    yield* Effect.provide(reset, context)
    const left = yield* copied(file)
    const spool = readFileSync(spoolOf(left))
    writeFileSync(spoolOf(left), "")
    const others = Effect.flatMap(actor("0"), (one) =>
      one.askAll([
        { _tag: "Drained", id: 1 },
        { _tag: "Open", file: 3 }
      ])
    )
    yield* Effect.provide(others, world(left, { spool: false, tapes: false }))
    writeFileSync(spoolOf(left), spool)
    const types = (yield* content(left)).flatMap(({ records }) => records.map(({ type }) => type))
    assert.deepStrictEqual(types, ["DrainStarted", "BankDrained", "FileOpened", "DrainEnded"])
  })
)

it.scoped("a spool of the release before is taken in", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.provide(life, yield* built(file, { deciders: [] }))
    const left = yield* copied(file)
    const bytes = readFileSync(spoolOf(left))
    bytes.writeUInt32LE(1, 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 48)), 48)
    writeFileSync(spoolOf(left), bytes)
    assert.deepStrictEqual(yield* content(left, { deciders: [] }), yield* content(yield* copied(file)))
  })
)
