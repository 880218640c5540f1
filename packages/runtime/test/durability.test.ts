/** What stands behind the words: the `synchronous` setting of SQLite at the moment of each commit. 1 is NORMAL, 2 is FULL. */
import { assert, it } from "@effect/vitest"
import { Journal } from "@stopcopy/runtime"
import { layerSqlite, layerSqliteWith, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { SqliteDatabase, SqliteDriver } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { statSync } from "node:fs"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

/** Statements that end a transaction: a batch's, and the one by which earlier batches become durable. */
const ending = ["COMMIT", "UPDATE synced SET times = times + 1"]

const watched = (database: SqliteDatabase, settings: Array<unknown>): SqliteDatabase => {
  const setting = database.prepare("PRAGMA synchronous")
  return {
    ...database,
    prepare: (sql) => {
      const statement = database.prepare(sql)
      if (!ending.includes(sql)) return statement
      const run: typeof statement.run = (...values) => {
        settings.push(setting.get()?.["synchronous"])
        return statement.run(...values)
      }
      return { ...statement, run }
    }
  }
}

/** A journal, and the settings that its commits were made with. */
const journalAndSettings = Effect.gen(function* () {
  const settings: Array<unknown> = []
  const sqlite = yield* loadSqlite()
  const driver: SqliteDriver = { ...sqlite, open: (options) => watched(sqlite.open(options), settings) }
  const layer = layerSqliteWith(driver, { file: yield* temporaryFile })
  return { journal: yield* Effect.provide(Journal, yield* Layer.build(layer)), settings }
})

it.scoped("a written append commits at NORMAL, a durable one at FULL, whatever came before", () =>
  Effect.gen(function* () {
    const { journal, settings } = yield* journalAndSettings
    for (const [expected, durability] of (["written", "durable", "durable", "written"] as const).entries()) {
      yield* journal.append(request([own("a", expected)], [json(expected)], { durability }))
    }
    assert.deepStrictEqual(settings, [1, 2, 2, 1])
  })
)

it.scoped("making what was written durable is one commit at FULL, and none when all is durable", () =>
  Effect.gen(function* () {
    const { journal, settings } = yield* journalAndSettings
    yield* journal.append(request([own("a", 0)], [json(1)]))
    yield* journal.sync()
    yield* journal.sync()
    yield* journal.append(request([own("a", 1)], [json(2)], { durability: "durable" }))
    yield* journal.sync()
    assert.deepStrictEqual(settings, [1, 2, 2])
  })
)

it.scoped("making what was written durable writes to the log: a commit without a change would sync nothing", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const journal = yield* Effect.provide(Journal, yield* Layer.build(layerSqlite({ file })))
    yield* journal.append(request([own("a", 0)], [json(1)]))
    const before = statSync(`${file}-wal`).size
    yield* journal.sync()
    const synced = statSync(`${file}-wal`).size
    assert.isAbove(synced, before)
    yield* journal.sync()
    assert.strictEqual(statSync(`${file}-wal`).size, synced)
  })
)
