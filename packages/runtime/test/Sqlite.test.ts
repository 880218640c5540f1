/** What only a file can show: opening, sharing, running full, damage, redaction. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Replay, Verify, formatVersion } from "@stopcopy/runtime"
import type { AppendRequest } from "@stopcopy/runtime"
import { layerSqlite, layerSqliteWith, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { Row, SqlValue, SqliteDatabase, SqliteDriver } from "@stopcopy/runtime/sqlite"
import { Effect, Either, Layer } from "effect"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { readFile, readdir, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { device, deviceFile } from "./Device.ts"
import { missing, temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

const opened = (file: string, readOnly: boolean) => Effect.provide(Journal, layerSqlite({ file, readOnly }))

/** One journal for the length of an effect. */
const using = <A, E>(file: string, use: Effect.Effect<A, E, Journal>, readOnly = false) =>
  Effect.provide(use, layerSqlite({ file, readOnly }))

const append = (sent: AppendRequest) => Effect.flatMap(Journal, (journal) => journal.append(sent))

/** A connection beside the journal's, to look at and change what is stored. */
const database = (file: string) =>
  Effect.acquireRelease(
    Effect.map(loadSqlite(), (sqlite) => sqlite.open({ file, readOnly: false })),
    (open) => Effect.sync(() => open.close())
  )

it.scoped("a journal that is closed and opened again goes on where it ended", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const id = yield* using(
      file,
      Effect.zipRight(
        append(request([own("a", 0)], [json(1)])),
        Effect.map(Journal, (journal) => journal.id)
      )
    )
    const second = yield* using(file, append(request([own("a", 1)], [json(2)])))
    assert.deepStrictEqual(second, { batch: 2, first: 2, last: 2 })
    yield* using(
      file,
      Effect.gen(function* () {
        const journal = yield* Journal
        assert.strictEqual(journal.id, id)
        assert.include(yield* Verify.verify(), { batch: 2, sequence: 2 })
        assert.include(yield* Effect.flip(journal.append(request([own("a", 2)], [json(3)]))), {
          _tag: "JournalReadOnly"
        })
      }),
      true
    )
  })
)

it.effect("a driver that does not load is one line with the remedy; the other one is taken", () =>
  Effect.gen(function* () {
    const chosen = yield* loadSqlite()
    for (const name of ["better-sqlite3", "node:sqlite"] as const) {
      const reason = yield* Effect.promise(() => missing(name))
      if (reason !== undefined) {
        assert.notInclude(reason, "\n")
        assert.match(
          reason,
          new RegExp(`^${name} cannot be loaded .*: use Node 22.13 or newer, or install better-sqlite3`)
        )
        assert.notStrictEqual(chosen.name, name)
      } else {
        assert.strictEqual((yield* loadSqlite(name)).name, name)
      }
    }
  })
)

it.scoped("opening for reading creates nothing where nothing is", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const error = yield* Effect.flip(opened(file, true))
    assert.strictEqual(error._tag, "NoSuchJournal")
    assert.strictEqual(error.message, `there is no journal at ${file}: check the path`)
    assert.isFalse(existsSync(file))
    assert.deepStrictEqual(yield* Effect.promise(() => readdir(dirname(file))), [])
    const elsewhere = yield* Effect.flip(opened(`${file}/no/such/folder`, false))
    assert.strictEqual(elsewhere._tag, "JournalUnavailable")
  })
)

it.scoped("a file of something else is refused and left as it was", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* Effect.promise(() => writeFile(file, "these are just a few words, and more of them ".repeat(100)))
    const before = yield* Effect.promise(() => readFile(file))
    for (const readOnly of [true, false]) {
      const error = yield* Effect.flip(opened(file, readOnly))
      assert.strictEqual(error._tag, "NotAJournal")
      assert.strictEqual(error.message, `${file} is not a journal of Stopcopy: it is not a SQLite database`)
    }
    assert.isTrue(before.equals(yield* Effect.promise(() => readFile(file))))
    yield* Effect.promise(() => writeFile(file, ""))
    assert.strictEqual((yield* Effect.flip(opened(file, true)))._tag, "NotAJournal")
    const other = yield* database(file)
    other.exec("CREATE TABLE cake (layers INTEGER)")
    const error = yield* Effect.flip(opened(file, false))
    assert.include(error.message, "it is a SQLite database of something else")
    assert.strictEqual(error._tag, "NotAJournal")
  })
)

it.scoped("a journal of a newer format is refused", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* opened(file, false)
    const changed = yield* database(file)
    changed.exec(`PRAGMA user_version = ${formatVersion + 1}`)
    const error = yield* Effect.flip(opened(file, true))
    assert.include(error, { _tag: "NewerFormat", format: formatVersion + 1, supported: formatVersion })
    changed.exec("PRAGMA user_version = 0")
    assert.strictEqual((yield* Effect.flip(opened(file, false)))._tag, "NotAJournal")
  })
)

it.scoped("two writers of one file: each append is judged by what is in the file", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const [one, other] = [yield* Layer.build(layerSqlite({ file })), yield* Layer.build(layerSqlite({ file }))]
    yield* append(request([own("a", 0)], [json(1)])).pipe(Effect.provide(one))
    yield* append(request([own("b", 0)], [json(2)])).pipe(Effect.provide(other))
    yield* append(request([own("a", 1)], [json(3)])).pipe(Effect.provide(other))
    const late = yield* Effect.flip(append(request([own("a", 1)], [json(4)])).pipe(Effect.provide(one)))
    assert.include(late, { _tag: "VersionConflict", expected: 1, actual: 2 })
    const place = yield* append(request([own("a", 2)], [json(4)])).pipe(Effect.provide(one))
    assert.deepStrictEqual(place, { batch: 4, first: 4, last: 4 })
    assert.include(yield* Effect.provide(Verify.verify(), other), { batch: 4, sequence: 4 })
  })
)

it.scoped("running full is a typed error that loses nothing, and appends go on when there is space again", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const sqlite = yield* loadSqlite()
    const connections: Array<SqliteDatabase> = []
    const watched: SqliteDriver = {
      ...sqlite,
      open: (options) => {
        const connection = sqlite.open(options)
        connections.push(connection)
        return connection
      }
    }
    const journal = yield* Effect.provide(Journal, yield* Layer.build(layerSqliteWith(watched, { file })))
    const limit = (pages: number) => connections[0]?.prepare(`PRAGMA max_page_count = ${pages}`).get()
    limit(40)
    const payload = new Uint8Array(10_000).fill(0x20)
    const write = (version: number) => journal.append(request([own("a", version)], [{ ...json(1), payload }]))
    let kept = 0
    let last = yield* Effect.either(write(kept))
    for (; Either.isRight(last); last = yield* Effect.either(write(kept))) kept++
    assert.include(last.left, { _tag: "JournalFull", journal: file, retryable: true })
    assert.include(yield* Effect.flip(write(kept)), { _tag: "JournalFull" })
    assert.deepStrictEqual(yield* journal.head(), { batch: kept, sequence: kept })
    limit(10_000)
    assert.include(yield* write(kept), { first: kept + 1 })
    const verified = yield* Effect.provideService(Verify.verify(), Journal, journal)
    assert.strictEqual(verified.sequence, kept + 1)
  })
)

/** A journal with everything in it: owned streams, runs, commands, causation. */
const furnished = (file: string) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const one = yield* system.actor(device, "0")
    yield* one.ask({ _tag: "Open", file: 0 })
    yield* one.ask({ _tag: "Write", offset: 1, value: 2 })
    yield* one.ask({ _tag: "Move", file: 0, bytes: Uint8Array.of(7) })
    yield* one.ask({ _tag: "Drain", id: 1 })
    yield* append(request([own("a", 0), own("b", 0)], [json(1), json(2, 1)], { causation: "4" }))
    yield* one.ask({ _tag: "Drained", id: 1 })
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(layerSqlite({ file })))

/** The value with one byte changed: the lowest of text and bytes, the second of a number. */
const changed = (value: unknown): SqlValue | undefined => {
  if (typeof value === "number") return value + 256
  if (typeof value === "string" && value !== "") {
    return String.fromCharCode(value.charCodeAt(0) ^ 1) + value.slice(1)
  }
  if (value instanceof Uint8Array && value.byteLength > 0) {
    return value.map((byte, index) => (index === value.byteLength - 1 ? byte ^ 1 : byte))
  }
  return undefined
}

const sqlValue = (value: unknown): SqlValue =>
  typeof value === "number" || typeof value === "string" || value instanceof Uint8Array ? value : null

/** The batch in which a row is seen first. */
const batchOfRow = (raw: SqliteDatabase, table: string, row: Row): unknown => {
  if (table === "batch" || table === "record") return row[table === "batch" ? "id" : "batch"]
  if (table === "journal") return 1
  return raw.prepare("SELECT min(batch) AS batch FROM record WHERE stream = ?").get(sqlValue(row["id"]))?.["batch"]
}

it.scoped("one changed byte in any column of any row is found, and its batch named", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* furnished(file)
    const raw = yield* database(file)
    let changes = 0
    for (const table of ["journal", "stream", "batch", "record"]) {
      for (const row of raw.prepare(`SELECT rowid AS row, * FROM ${table}`).all()) {
        const { row: rowid, ...columns } = row
        const batch = batchOfRow(raw, table, row)
        for (const [column, value] of Object.entries(columns)) {
          const other = changed(value)
          if (other === undefined) continue
          const moved = column === "sequence" || (column === "id" && table !== "journal")
          const at = moved ? sqlValue(other) : sqlValue(rowid)
          const set = raw.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`)
          set.run(other, sqlValue(rowid))
          const error = yield* Effect.flip(using(file, Verify.verify(), true))
          set.run(sqlValue(value), at)
          const what = `${table} ${String(rowid)} ${column}`
          assert.strictEqual(error._tag, "JournalDamaged", what)
          if (error._tag === "JournalDamaged" && column !== "anchor_batch") assert.strictEqual(error.batch, batch, what)
          changes++
        }
      }
    }
    assert.isAbove(changes, 80)
    assert.include(yield* using(file, Verify.verify(), true), { batch: 6, sequence: 7 })
  })
)

const sha256 = (bytes: unknown) =>
  createHash("sha256")
    .update(bytes instanceof Uint8Array ? bytes : new Uint8Array())
    .digest()

it.scoped("a redacted payload or command still verifies; a state that needs it is a typed error", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* furnished(file)
    const raw = yield* database(file)
    const payload = raw.prepare("SELECT payload FROM record WHERE sequence = 3").get()?.["payload"]
    raw.prepare("UPDATE record SET payload = NULL, payload_hash = ? WHERE sequence = 3").run(sha256(payload))
    const command = raw.prepare("SELECT command FROM batch WHERE id = 3").get()?.["command"]
    raw.prepare("UPDATE batch SET command = NULL, command_hash = ? WHERE id = 3").run(sha256(command))
    assert.include(yield* using(file, Verify.verify(), true), { batch: 6 })
    const known = Replay.registry(Replay.replayable(device), Replay.replayable(deviceFile))
    const past = yield* using(file, Replay.stateAt(known, "device/0", 2), true)
    assert.strictEqual(past.sequence, 2)
    const error = yield* Effect.flip(using(file, Replay.stateAt(known, "device/0"), true))
    assert.include(error, { _tag: "RedactedEvent", sequence: 3, stream: "device/0/file/0" })
    raw.prepare("UPDATE record SET payload_hash = NULL WHERE sequence = 3").run()
    const gone = yield* Effect.flip(using(file, Verify.verify(), true))
    assert.include(gone.message, "is gone without its hash")
  })
)

it.scoped("records beyond the last batch, and a file with unreadable pages, are damage", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    yield* furnished(file)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const raw = yield* database(file)
        raw.exec("CREATE TEMP TABLE kept AS SELECT * FROM batch WHERE id = 6; DELETE FROM batch WHERE id = 6")
        const cut = yield* Effect.flip(using(file, Verify.verify(), true))
        assert.include(cut, { _tag: "JournalDamaged", batch: 6, lastGood: 5 })
        raw.exec("INSERT INTO batch SELECT * FROM kept; DROP TABLE kept; PRAGMA wal_checkpoint(TRUNCATE)")
      })
    )
    const bytes = yield* Effect.promise(() => readFile(file))
    const pages = bytes.byteLength / 4096
    let found = 0
    for (let page = 1; page < pages; page++) {
      const copy = Buffer.from(bytes).fill(0xa5, page * 4096, (page + 1) * 4096)
      yield* Effect.promise(() => writeFile(file, copy))
      const outcome = yield* Effect.either(using(file, Verify.verify(), true))
      if (Either.isLeft(outcome)) found++
      if (Either.isRight(outcome)) assert.strictEqual(outcome.right.sequence, 7)
    }
    assert.isAbove(found, 3)
    yield* Effect.promise(() => writeFile(file, bytes))
    assert.include(yield* using(file, Verify.verify(), true), { sequence: 7 })
  })
)
