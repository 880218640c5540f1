/** A journal with a spool: what was answered is there after any end of its process, once; the tables get it in time; others wait or are told. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite, layerSqliteWith, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { SqliteDatabase, SqliteDriver, SqliteFile } from "@stopcopy/runtime/sqlite"
import { Chunk, Effect, Either, Layer, Logger, Stream, TestClock } from "effect"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"
import { actor } from "./worlds.ts"

const journalOf = (options: SqliteFile) =>
  Effect.flatMap(Layer.build(layerSqlite({ spool: true, ...options })), (context) => Effect.provide(Journal, context))

const append = (journal: Journal["Type"], stream: string, expected: number, causation: string | null = null) =>
  Effect.map(journal.append(request([own(stream, expected)], [json(expected)], { causation })), ({ last }) => last)

/** A copy of a journal as the death of its process leaves it. */
const copied = (file: string, parts: ReadonlyArray<string> = ["", "-wal", "-tapes"]) =>
  Effect.gen(function* () {
    const left = yield* temporaryFile
    for (const part of parts) {
      if (existsSync(file + part)) yield* Effect.promise(() => cp(file + part, left + part, { recursive: true }))
    }
    return left
  })

const spoolOf = (file: string) => `${file}-tapes/spool`
const bytesIn = (file: string) => statSync(spoolOf(file)).size

/** Streams, versions and causes of all events. */
const found = (file: string, options: Partial<SqliteFile> = {}) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0)))
    yield* Verify.verify()
    return events.map(({ causation, stream, version }) => `${stream} ${version} ${causation ?? "-"}`)
  }).pipe(Effect.provide(layerSqlite({ file, spool: true, ...options })), Effect.scoped)

it.scoped("a process that dies leaves everything that it has answered, with the links that it gave", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const journal = yield* journalOf({ file })
    yield* append(journal, "a", 0)
    yield* append(journal, "b", 0, "1")
    yield* append(journal, "a", 1, "2")
    assert.isAbove(bytesIn(file), 200)
    const left = yield* copied(file)
    const all = ["a 1 -", "b 1 1", "a 2 2"]
    assert.deepStrictEqual(yield* found(left), all)
    assert.deepStrictEqual(yield* found(yield* copied(file), { spool: false }), all)
    const links = (at: string) =>
      Effect.flatMap(Journal, (each) => Stream.runCollect(each.batches(0))).pipe(
        Effect.map((sealed) => Chunk.toReadonlyArray(sealed).map(({ hash }) => Buffer.from(hash).toString("hex"))),
        Effect.provide(layerSqlite({ file: at, readOnly: true }))
      )
    const taken = yield* links(left)
    assert.strictEqual(taken.length, 3)
    yield* journal.sync()
    assert.deepStrictEqual(yield* links(file), taken)
  })
)

it.scoped(
  "the tables have it when something becomes durable, is read, or after a second; the spool is empty then",
  () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const journal = yield* journalOf({ file })
      const empty = bytesIn(file)
      const inTables = Effect.map(
        copied(file, ["", "-wal"]).pipe(Effect.flatMap((left) => found(left, { spool: false }))),
        (events) => events.length
      )
      yield* append(journal, "a", 0)
      assert.deepStrictEqual([yield* inTables, bytesIn(file) > empty], [0, true])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([yield* inTables, bytesIn(file)], [1, empty])
      yield* append(journal, "a", 1)
      assert.strictEqual((yield* journal.head()).sequence, 2)
      assert.deepStrictEqual([yield* inTables, bytesIn(file)], [2, empty])
      yield* append(journal, "a", 2)
      yield* journal.append(request([own("b", 0)], [json(0)], { durability: "durable" }))
      assert.deepStrictEqual([yield* inTables, bytesIn(file)], [4, empty])
      for (let version = 3; version < 260; version++) yield* append(journal, "a", version)
      assert.deepStrictEqual([yield* inTables, bytesIn(file) > empty], [260, true])
    })
)

it.scoped("a spool that the tables have already is not taken in again", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const journal = yield* journalOf({ file })
    yield* append(journal, "a", 0)
    yield* append(journal, "a", 1)
    const full = readFileSync(spoolOf(file))
    yield* journal.sync()
    const left = yield* copied(file)
    writeFileSync(spoolOf(left), full)
    assert.deepStrictEqual(yield* found(left), ["a 1 -", "a 2 -"])
    // It had the first one only.
    const half = yield* temporaryFile
    const other = yield* journalOf({ file: half })
    yield* append(other, "a", 0)
    yield* other.sync()
    yield* append(other, "a", 1)
    assert.deepStrictEqual(yield* found(yield* copied(half)), ["a 1 -", "a 2 -"])
  })
)

it.scoped("what somebody else appended to a dead process's journal stays, and its spool comes behind that", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const journal = yield* journalOf({ file })
    yield* append(journal, "a", 0)
    yield* journal.sync()
    yield* append(journal, "a", 1, "1")
    yield* append(journal, "b", 0, "2")
    const left = yield* copied(file)
    const spool = readFileSync(spoolOf(left))
    writeFileSync(spoolOf(left), "")
    yield* Effect.scoped(Effect.flatMap(journalOf({ file: left, spool: false }), (other) => append(other, "a", 1)))
    yield* Effect.promise(() => cp(`${file}-tapes`, `${left}-tapes`, { recursive: true }))
    writeFileSync(spoolOf(left), spool)
    // The cause was event 2, which is 3 now; event 1 is what it was.
    assert.deepStrictEqual(yield* found(left), ["a 1 -", "a 2 -", "a 3 1", "b 1 3"])
    assert.deepStrictEqual(yield* found(left), ["a 1 -", "a 2 -", "a 3 1", "b 1 3"])
  })
)

it.scoped("batches behind one that the power took are dropped, and said to be", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.scoped(journalOf({ file, spool: false }))
    const before = yield* copied(file)
    const journal = yield* journalOf({ file })
    yield* append(journal, "a", 0)
    yield* journal.sync()
    yield* append(journal, "a", 1)
    yield* Effect.promise(() => cp(`${file}-tapes`, `${before}-tapes`, { recursive: true }))
    const said: Array<string> = []
    const logger = Logger.make(({ message }) => void said.push(String(message)))
    const events = yield* Effect.provide(found(before), Logger.replace(Logger.defaultLogger, logger))
    assert.deepStrictEqual(events, [])
    assert.match(said.join("\n"), /1 batches behind a commit that was lost are dropped/)
  })
)

it.scoped("a damaged spool is refused, and nothing is changed", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const journal = yield* journalOf({ file })
    yield* append(journal, "a", 0)
    yield* append(journal, "a", 1)
    const left = yield* copied(file)
    const bytes = readFileSync(spoolOf(left))
    bytes[bytes.length - 20] = 255
    writeFileSync(spoolOf(left), bytes)
    const refused = yield* Effect.flip(Effect.scoped(journalOf({ file: left })))
    assert.match(refused.message, /is damaged at byte \d+: .*the last good batch is 1/)
    assert.isTrue(readFileSync(spoolOf(left)).equals(bytes))
  })
)

/** SQLite whose commits fail as long as `broken` says so. */
const breaking = (sqlite: SqliteDriver, broken: () => boolean): SqliteDriver => {
  class Failure extends Error {}
  const wrap = (database: SqliteDatabase): SqliteDatabase => ({
    ...database,
    prepare: (sql) => {
      const statement = database.prepare(sql)
      if (sql !== "COMMIT") return statement
      const run: typeof statement.run = (...values) => {
        if (broken()) throw new Failure("the disk is gone")
        return statement.run(...values)
      }
      return { ...statement, run }
    }
  })
  return {
    ...sqlite,
    open: (options) => wrap(sqlite.open(options)),
    failureOf: (thrown) =>
      thrown instanceof Failure ? { kind: "other", reason: thrown.message } : sqlite.failureOf(thrown)
  }
}

it.scoped("while the tables cannot take it in, it stays written, and nobody is shown less than was answered", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    let broken = false
    const sqlite = breaking(yield* loadSqlite(), () => broken)
    const journal = yield* Effect.provide(Journal, yield* Layer.build(layerSqliteWith(sqlite, { file, spool: true })))
    yield* append(journal, "a", 0)
    broken = true
    const read = yield* Effect.either(journal.head())
    assert.deepInclude(Either.getOrThrow(Either.flip(read)), { _tag: "JournalUnavailable" })
    const durable = request([own("b", 0)], [json(0)], { durability: "durable" })
    assert.isTrue(Either.isLeft(yield* Effect.either(journal.append(durable))))
    // Written goes on all the same.
    yield* append(journal, "a", 1)
    assert.deepStrictEqual(yield* found(yield* copied(file)), ["a 1 -", "a 2 -"])
    broken = false
    assert.strictEqual((yield* journal.head()).sequence, 2)
    yield* append(journal, "a", 2)
    assert.strictEqual((yield* journal.head()).sequence, 3)
  })
)

it.scoped("who wrote on another version is refused at once, also where that is not in the tables yet", () =>
  Effect.gen(function* () {
    const journal = yield* journalOf({ file: yield* temporaryFile })
    yield* append(journal, "a", 0)
    const refused = yield* Effect.flip(append(journal, "a", 0))
    assert.deepInclude(refused, { _tag: "VersionConflict", expected: 0, actual: 1 })
    assert.strictEqual(yield* append(journal, "a", 1), 2)
  })
)

it.scoped("actors with tapes over a spool are restored from what their process left", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const world = (at: string) =>
      Layer.provideMerge(ActorSystem.layer, layerSqlite({ file: at, tapes: true, spool: true }))
    const one = yield* Effect.provide(actor("0"), yield* Layer.build(world(file)))
    for (let id = 0; id < 5; id++) {
      yield* one.askAll([0, 1, 2].map((value) => ({ _tag: "Write", offset: 0, value: 3 * id + value }) as const))
      yield* one.ask({ _tag: "Drain", id })
      yield* one.ask({ _tag: "Reset" })
    }
    yield* one.askAll([{ _tag: "Write", offset: 0, value: 99 }])
    const { ended, last, writes } = yield* Effect.provide(
      Effect.flatMap(actor("0"), ({ state }) => state),
      world(yield* copied(file))
    )
    assert.deepStrictEqual([ended.length, last, writes], [5, 99, 16])
  })
)

it.scoped("streams without number: those that it has forgotten go on where they ended, and expectations hold", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const journal = yield* journalOf({ file })
    const streams = Array.from({ length: 4200 }, (_, at) => `many/${at}`)
    for (const stream of streams) yield* append(journal, stream, 0)
    yield* journal.sync()
    assert.strictEqual(yield* append(journal, "many/0", 1), 4201)
    yield* journal.sync()
    const refused = yield* Effect.flip(append(journal, "many/1", 0))
    assert.include(refused, { _tag: "VersionConflict" })
    assert.strictEqual(yield* append(journal, "many/1", 1), 4202)
    assert.deepStrictEqual((yield* found(yield* copied(file))).slice(-2), ["many/0 2 -", "many/1 2 -"])
  })
)
