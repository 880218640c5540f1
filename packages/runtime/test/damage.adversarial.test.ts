/** Damage that nobody meant: any column of any row, any byte of the file. It is a typed error, or everything read is as it was. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, Verify, withCorrelation } from "@stopcopy/runtime"
import type { JournalError } from "@stopcopy/runtime"
import { layerSqlite, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { OpenError, Row, SqlValue } from "@stopcopy/runtime/sqlite"
import { Chunk, Effect, Either, FastCheck, Layer, Stream } from "effect"
import { createHash } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { temporaryFile } from "./files.ts"
import { actor } from "./worlds.ts"

/** Faster than the portable one. */
const sha256 = (bytes: Uint8Array | string): Uint8Array => createHash("sha256").update(bytes).digest()

/** A closed journal: commands, runs with and without a command, owned streams, a causation, a redacted payload and command. */
const closedJournal = Effect.gen(function* () {
  const file = yield* temporaryFile
  yield* Effect.gen(function* () {
    const one = yield* actor("0")
    yield* one.askAll([
      { _tag: "Write", offset: 1, value: 2 },
      { _tag: "Open", file: 1 }
    ])
    yield* one.ask({ _tag: "Move", file: 1, bytes: new Uint8Array(9) }).pipe(withCorrelation("m-1"))
    yield* one.ask({ _tag: "Drain", id: 1 })
    yield* one.ask({ _tag: "Write", offset: 1, value: -1 })
    yield* Effect.flatMap(Journal, (journal) => journal.redact({ sequences: [3], commands: [4] }))
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true }))))
  return file
})

/** Other values of a column: one up, one down, another sign; another, a longer, a shorter text or bytes; nothing, and something. */
const changes = (value: unknown): ReadonlyArray<SqlValue> => {
  if (typeof value === "number") return [value + 1, value - 1, -value - 7, null]
  if (typeof value === "string") return [`${value}x`, value.slice(1), `X${value.slice(1)}`, "", null]
  if (value instanceof Uint8Array) {
    const flipped = value.map((byte, index) => (index === 0 ? byte ^ 1 : byte))
    return [flipped, Uint8Array.of(...value, 0), value.slice(1), new Uint8Array(0), null]
  }
  return ["x", 1, Uint8Array.of(1)]
}

const sqlValue = (value: unknown): SqlValue =>
  typeof value === "number" || typeof value === "string" || value instanceof Uint8Array ? value : null

const verified = (file: string) =>
  Effect.either(Effect.provide(Verify.verify(sha256), layerSqlite({ file, readOnly: true })))

it.scoped("verify finds every change that a column can take, NULL to a value and back included", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    const sqlite = yield* loadSqlite()
    const raw = yield* Effect.acquireRelease(
      Effect.sync(() => sqlite.open({ file, readOnly: false })),
      (open) => Effect.sync(() => open.close())
    )
    // With a log beside it the journal is in use, and read in place.
    raw.exec("UPDATE journal SET id = id")
    const whole = Layer.succeedContext(yield* Layer.build(layerSqlite({ file, readOnly: true })))
    assert.isTrue(Either.isRight(yield* Effect.either(Effect.provide(Verify.verify(sha256), whole))))
    const missed: Array<string> = []
    let changed = 0
    const tried = (table: string, rowid: SqlValue, column: string, other: SqlValue) =>
      Effect.gen(function* () {
        raw.exec("SAVEPOINT change")
        const set = raw.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`)
        // What the table itself refuses cannot be there.
        const done = Either.try(() => set.run(other, rowid))
        raw.exec(Either.isRight(done) ? "RELEASE change" : "ROLLBACK TO change; RELEASE change")
        if (Either.isLeft(done)) return
        changed++
        // What is read once, when a journal is opened, needs it opened anew.
        const anew = table === "journal" || table === "stream"
        const outcome = yield* anew ? verified(file) : Effect.either(Effect.provide(Verify.verify(sha256), whole))
        const what = `${table} ${String(rowid)} ${column} = ${String(other)}`
        if (Either.isRight(outcome)) missed.push(what)
        else assert.include(["JournalDamaged", "NotAJournal"], outcome.left._tag, what)
      })
    const restore = (table: string, row: Row) => {
      const { row: rowid, ...columns } = row
      const names = Object.keys(columns)
      const marks = names.map(() => "?").join(", ")
      raw.prepare(`DELETE FROM ${table} WHERE rowid = ?`).run(sqlValue(rowid))
      raw
        .prepare(`INSERT OR REPLACE INTO ${table} (rowid, ${names.join(", ")}) VALUES (?, ${marks})`)
        .run(sqlValue(rowid), ...names.map((name) => sqlValue(columns[name])))
    }
    for (const table of ["journal", "stream", "batch", "record"]) {
      const rows = raw.prepare(`SELECT rowid AS row, * FROM ${table}`).all()
      for (const row of rows) {
        const { row: rowid, ...columns } = row
        const isKey = (column: string) => column === "sequence" || (column === "id" && table !== "journal")
        for (const [column, value] of Object.entries(columns)) {
          if (isKey(column)) continue
          for (const other of changes(value)) {
            yield* tried(table, sqlValue(rowid), column, other)
            restore(table, row)
          }
        }
      }
    }
    assert.deepStrictEqual(missed, [])
    assert.isAbove(changed, 200)
    assert.isTrue(Either.isRight(yield* verified(file)))
  })
)

/** Everything that can be read of a journal, as one hash; or the error. */
const readAll = (file: string): Effect.Effect<Either.Either<string, JournalError | OpenError>> =>
  Effect.either(
    Effect.gen(function* () {
      const journal = yield* Journal
      const hash = createHash("sha256")
      const add = (value: unknown) => hash.update(JSON.stringify(value) ?? "nothing")
      add([yield* journal.head(), journal.id, journal.anchor, (yield* Verify.verify(sha256)).batch])
      for (const info of yield* journal.streams()) {
        add(info)
        add(Chunk.toReadonlyArray(yield* Stream.runCollect(journal.eventsOf(info.stream))))
        add(yield* journal.snapshot(info.stream, Number.MAX_SAFE_INTEGER))
      }
      add(Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0))))
      add(Chunk.toReadonlyArray(yield* Stream.runCollect(journal.batches(0))))
      return hash.digest("hex")
    }).pipe(Effect.provide(layerSqlite({ file, readOnly: true })))
  )

/** SQLite's own check, or the error. */
const checked = (file: string) =>
  Effect.either(
    Effect.flatMap(Journal, (journal) => journal.check()).pipe(Effect.provide(layerSqlite({ file, readOnly: true })))
  )

/** One offset of every so many, always the same ones; the ends of pages, and the header, more closely. */
const offsets = (size: number): ReadonlyArray<number> => {
  const some = FastCheck.sample(FastCheck.nat({ max: size - 1 }), { numRuns: 70, seed: 5 })
  return [
    ...some,
    ...Array.from({ length: 20 }, (_, index) => index * 5),
    ...FastCheck.sample(FastCheck.nat({ max: 4095 }), { numRuns: 10, seed: 6 })
  ]
}

it.scoped("one changed byte anywhere in the file: a typed error of one line, or everything read is as it was", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    const bytes = yield* Effect.promise(() => readFile(file))
    const expected = Either.getOrThrow(yield* readAll(file))
    const outcomes = new Map<string, number>()
    for (const offset of offsets(bytes.byteLength)) {
      const copy = Buffer.from(bytes)
      copy[offset] = (copy[offset] ?? 0) ^ (1 << (offset % 8))
      yield* Effect.promise(() => writeFile(file, copy))
      const outcome = yield* readAll(file)
      const kind = Either.match(outcome, {
        onLeft: ({ _tag }) => _tag,
        onRight: (hash) => (hash === expected ? "same" : "other")
      })
      if (kind === "other") {
        // An index that disagrees with its table: SQLite's own check tells.
        const said = yield* checked(file)
        assert.isTrue(Either.isLeft(said) || said.right !== undefined, `byte ${offset} changes what is read, silently`)
      }
      if (Either.isLeft(outcome)) assert.notInclude(outcome.left.message, "\n", `byte ${offset}`)
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
    }
    assert.isAbove(outcomes.get("JournalDamaged") ?? 0, 2)
    const known = ["same", "other", "JournalDamaged", "NotAJournal", "JournalUnavailable", "NewerFormat"]
    for (const kind of outcomes.keys()) assert.include(known, kind)
  })
)
