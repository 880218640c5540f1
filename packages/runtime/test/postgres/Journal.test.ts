/** The contract suite over PostgreSQL, and what only a database can show: opening, running full, names, damage. */
import { assert, describe, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify, formatVersion, maxNameLength } from "@stopcopy/runtime"
import type { AppendRequest } from "@stopcopy/runtime"
import { layerPostgres } from "@stopcopy/runtime/postgres"
import { Chunk, Effect, Either, Layer, Stream } from "effect"
import { device } from "../Device.ts"
import { contract, json, own, request } from "../journal.contract.ts"
import { beside, execute, freshPlace, serverOfFile, withSetting } from "./places.ts"
import type { Place } from "./places.ts"

const server = await serverOfFile()
const skipped = Either.isLeft(server) ? server.left : undefined

const place = freshPlace(server)

contract("the journal in PostgreSQL", Layer.unwrapScoped(Effect.map(place, layerPostgres)), skipped)

const append = (sent: AppendRequest) => Effect.flatMap(Journal, (journal) => journal.append(sent))

/** One journal for the length of an effect. */
const using = <A, E>(where: Place, use: Effect.Effect<A, E, Journal>, readOnly = false) =>
  Effect.provide(use, layerPostgres({ ...where, readOnly }))

const opening = (where: Place, readOnly = false) => Effect.flip(using(where, Journal, readOnly))

if (skipped !== undefined) console.warn(`a journal in PostgreSQL: skipped, ${skipped}`)

const openings = () => {
  it.scopedLive("that is closed and opened again goes on where it ended, and may be read without being changed", () =>
    Effect.gen(function* () {
      const where = yield* place
      assert.include(yield* opening(where, true), { _tag: "NoSuchJournal" })
      yield* using(where, append(request([own("a", 0)], [json(1)])))
      const second = yield* using(where, append(request([own("a", 1)], [json(2)])))
      assert.deepStrictEqual(second, { batch: 2, first: 2, last: 2 })
      yield* using(
        where,
        Effect.gen(function* () {
          const journal = yield* Journal
          assert.include(yield* Verify.verify(), { batch: 2, sequence: 2 })
          for (const durability of ["written", "durable"] as const) {
            const refused = yield* Effect.flip(journal.append(request([own("a", 2)], [json(3)], { durability })))
            assert.include(refused, { _tag: "JournalReadOnly", retryable: false })
          }
          assert.include(yield* Effect.flip(journal.removeBefore(2)), { _tag: "JournalReadOnly" })
          yield* journal.sync()
        }),
        true
      )
    })
  )

  it.scopedLive("is made once, however many open it at the same time", () =>
    Effect.gen(function* () {
      const where = yield* place
      const journals = yield* Effect.all(
        Array.from({ length: 5 }, () => Layer.build(layerPostgres(where))),
        { concurrency: "unbounded" }
      )
      const ids = new Set(
        yield* Effect.forEach(journals, (context) => Effect.map(Effect.provide(Journal, context), ({ id }) => id))
      )
      assert.strictEqual(ids.size, 1)
    })
  )
}

const refusals = () => {
  it.scopedLive("is not made in a database that cannot hold all characters", () =>
    Effect.gen(function* () {
      const where = yield* place
      yield* execute(
        where,
        "DROP DATABASE IF EXISTS stopcopy_latin",
        "CREATE DATABASE stopcopy_latin ENCODING 'LATIN1' TEMPLATE template0"
      )
      const url = where.url.replace(/(\w\/)\w+/, "$1stopcopy_latin")
      const { message } = yield* opening({ ...where, url })
      assert.include(message, "its database has the encoding LATIN1: make it in one with UTF8")
      yield* execute(where, "DROP DATABASE stopcopy_latin")
    })
  )

  it.scopedLive("is refused in one line where it is of a later release, of something else, or not to be reached", () =>
    Effect.gen(function* () {
      const where = yield* place
      yield* using(where, Effect.void)
      yield* execute(where, "UPDATE @.journal SET format = 7")
      assert.include(yield* opening(where), { _tag: "NewerFormat", format: 7, supported: formatVersion })
      yield* execute(where, "UPDATE @.journal SET format = 0")
      assert.include(yield* opening(where), { _tag: "NotAJournal" })
      yield* execute(where, "DROP TABLE @.journal")
      assert.include(yield* opening(where), {
        _tag: "NotAJournal",
        reason: "its schema holds tables of something else"
      })
      yield* execute(where, "CREATE TABLE @.journal (id integer)")
      assert.include(yield* opening(where), { _tag: "NotAJournal" })
      assert.include(yield* opening({ ...where, schema: "x".repeat(64) }), { _tag: "NotAJournal" })
      const away = yield* opening({ ...where, url: "postgres://me:secret@127.0.0.1:1/nowhere?x=1" })
      assert.include(away, { _tag: "JournalUnavailable", journal: `postgres://127.0.0.1:1/nowhere#${where.schema}` })
      for (const { message } of [away, yield* opening(where)]) assert.notMatch(message, /\n|secret/)
    })
  )
}

const storing = () => {
  it.scopedLive("that is full, or of a server that only reads, says so, and goes on when that is over", () =>
    Effect.gen(function* () {
      const where = yield* place
      const journal = yield* Effect.provide(Journal, yield* Layer.build(layerPostgres(where)))
      const next = request([own("a", 1), own("b", 0)], [json(1), json(2, 1)], { durability: "durable" })
      yield* journal.append(request([own("a", 0)], [json(0)]))
      yield* execute(
        where,
        "CREATE FUNCTION @.refuse() RETURNS trigger AS $$ BEGIN RAISE disk_full; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER refusing BEFORE INSERT ON @.record FOR EACH ROW EXECUTE FUNCTION @.refuse()"
      )
      assert.include(yield* Effect.flip(journal.append(next)), { _tag: "JournalFull", retryable: true })
      assert.deepStrictEqual(yield* journal.head(), { batch: 1, sequence: 1 })
      yield* execute(where, "DROP TRIGGER refusing ON @.record")
      const standby = withSetting(where, "default_transaction_read_only=on")
      assert.include(yield* Effect.flip(using(standby, append(next))), { _tag: "JournalReadOnly" })
      assert.deepStrictEqual(yield* journal.append(next), { batch: 2, first: 2, last: 3 })
      assert.include(yield* Effect.provideService(Verify.verify(), Journal, journal), { sequence: 3 })
    })
  )

  it.scopedLive("appends whatever the isolation level of the database is", () =>
    Effect.gen(function* () {
      const where = yield* place
      const strict = withSetting(where, "default_transaction_isolation=serializable")
      const layers = Effect.all([Layer.build(layerPostgres(strict)), Layer.build(layerPostgres(strict))])
      const writers = yield* Effect.forEach(yield* layers, (context) => Effect.provide(Journal, context))
      yield* Effect.forEach(
        writers,
        (journal, writer) =>
          Effect.forEach(Array.from({ length: 20 }).keys(), (version) =>
            journal.append(request([own(`s/${writer}`, version)], [json(version)]))
          ),
        { concurrency: "unbounded" }
      )
      assert.include(yield* using(where, Verify.verify()), { batch: 40, sequence: 40 })
    })
  )
}

const names = () => {
  it.scopedLive("keeps names of any characters and of the full length", () =>
    Effect.gen(function* () {
      const where = yield* place
      const few = ["nul \0 and \\0 and \\", "\\\\", "'\"{},$1 --", "€".repeat(maxNameLength)]
      const random = Array.from({ length: maxNameLength }, (_, index) =>
        String.fromCharCode(0x4e00 + ((index * 7919) % 20_000))
      )
      for (const stream of [...few, random.join("")]) {
        const owned = { stream: `${stream.slice(0, 1000)}/f`, behavior: stream, owner: stream, expected: 0 }
        const context = { correlation: stream, causation: stream }
        yield* using(
          where,
          append(request([own(stream, 0), owned], [{ ...json(1), type: stream }, json(2, 1)], context))
        )
        yield* using(
          where,
          Effect.gen(function* () {
            const journal = yield* Journal
            const [event] = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.eventsOf(stream)))
            assert.include(event, { stream, type: stream, correlation: stream, causation: stream })
            assert.strictEqual((yield* journal.streams(stream)).length, 2)
            const versions = [[stream, 1] as const]
            yield* journal.saveSnapshot({ stream, sequence: 1, behaviorVersion: 1, versions, state: Uint8Array.of(1) })
            assert.deepStrictEqual((yield* journal.snapshot(stream, 9))?.versions, versions)
          })
        )
      }
      assert.include(yield* using(where, Verify.verify()), { batch: 5, sequence: 10 })
    })
  )
}

const damage = () => {
  it.scopedLive("one changed byte in any column of any row is found, and its batch named", () =>
    Effect.gen(function* () {
      const where = yield* place
      yield* using(where, furnished)
      const journal = yield* Effect.provide(Journal, yield* Layer.build(layerPostgres(where)))
      const query = yield* beside(where)
      const check = Effect.provideService(Verify.verify(), Journal, journal)
      let changes = 0
      for (const table of ["stream", "batch", "record"]) {
        const key = table === "record" ? "sequence" : "id"
        for (const row of yield* query(`SELECT * FROM @.${table}`)) {
          const batch = yield* batchOfRow(query, table, row)
          for (const [column, value] of Object.entries(row)) {
            const other = changed(value)
            if (other === undefined) continue
            const set = `UPDATE @.${table} SET ${column} = $1 WHERE ${key} = $2`
            yield* query(set, other, row[key])
            const error = yield* Effect.flip(check)
            yield* query(set, value, column === key ? other : row[key])
            const what = `${table} ${String(row[key])} ${column}`
            assert.strictEqual(error._tag, "JournalDamaged", what)
            if (error._tag === "JournalDamaged") assert.strictEqual(error.batch, batch, what)
            changes++
          }
        }
      }
      assert.isAbove(changes, 80)
      assert.include(yield* check, { batch: 6, sequence: 7 })
    })
  )

  it.scopedLive("damage of the row that says where it begins and ends is found", () =>
    Effect.gen(function* () {
      const where = yield* place
      yield* using(where, furnished)
      const checked = Effect.flatMap(Journal, (journal) => journal.check())
      assert.isUndefined(yield* using(where, checked))
      const query = yield* beside(where)
      const [row = {}] = yield* query("SELECT * FROM @.journal")
      const columns = Object.entries(row).filter(([column]) => column !== "format")
      assert.lengthOf(columns, 8)
      for (const [column, value] of columns) {
        yield* query(`UPDATE @.journal SET ${column} = $1`, changed(value))
        const verified = yield* Effect.either(using(where, Verify.verify(), true))
        const said = yield* using(where, checked, true)
        yield* query(`UPDATE @.journal SET ${column} = $1`, value)
        if (column.startsWith("last_")) assert.isString(said, column)
        else assert.include(Either.getOrThrow(Either.flip(verified)), { _tag: "JournalDamaged" }, column)
      }
    })
  )
}

describe.skipIf(skipped !== undefined)("a journal in PostgreSQL", () => {
  openings()
  refusals()
  storing()
  names()
  damage()
})

/** Everything in it: owned streams, runs, commands, causation. */
const furnished = Effect.gen(function* () {
  const system = yield* ActorSystem
  const one = yield* system.actor(device, "0")
  yield* one.ask({ _tag: "Open", file: 0 })
  yield* one.ask({ _tag: "Write", offset: 1, value: 2 })
  yield* one.ask({ _tag: "Move", file: 0, bytes: Uint8Array.of(7) })
  yield* one.ask({ _tag: "Drain", id: 1 })
  yield* append(request([own("a", 0), own("b", 0)], [json(1), json(2, 1)], { causation: "4" }))
  yield* one.ask({ _tag: "Drained", id: 1 })
}).pipe(Effect.provide(ActorSystem.layer))

/** The value with one byte changed: the lowest of text and bytes, the second of a number. */
const changed = (value: unknown): unknown => {
  if (typeof value === "number") return value + 256
  if (typeof value === "string" && value !== "") {
    return String.fromCharCode(value.charCodeAt(0) ^ 1) + value.slice(1)
  }
  if (value instanceof Uint8Array && value.byteLength > 0) {
    return value.map((byte, index) => (index === value.byteLength - 1 ? byte ^ 1 : byte))
  }
  return undefined
}

/** The batch in which a row is seen first. */
const batchOfRow = (
  query: Effect.Effect.Success<ReturnType<typeof beside>>,
  table: string,
  row: Readonly<Record<string, unknown>>
) =>
  table === "stream"
    ? Effect.map(
        query("SELECT min(batch) AS batch FROM @.record WHERE stream = $1", row["id"]),
        ([first]) => first?.["batch"]
      )
    : Effect.succeed(row[table === "batch" ? "id" : "batch"])
