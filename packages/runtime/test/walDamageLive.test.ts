/** The check of the write-ahead log where there is more than a journal that its process left: others that write it, links, other files. */
import { assert, it } from "@effect/vitest"
import { Journal } from "@stopcopy/runtime"
import { layerSqlite, loadSqlite } from "@stopcopy/runtime/sqlite"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { walDamage } from "../src/sqlite/WalCheck.ts"
import { bundled } from "@stopcopy/workbench"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

/** Opens of a journal that another process writes meanwhile. */
const opens = 60

/** Commits without a pause; every few, the log is taken into the database and begun anew. Says a line when it has begun. */
const writer = `
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Journal } from "@stopcopy/runtime"
import { Effect } from "effect"
import Database from "better-sqlite3"
import { json, own, request } from "./journal.contract.ts"
const file = process.argv[2]
const text = "x".repeat(50_000)
await Effect.runPromise(Effect.provide(Effect.gen(function* () {
  const journal = yield* Journal
  const database = new Database(file)
  for (let version = 0; ; version++) {
    yield* journal.append(request([own("a", version)], [json({ text })], { durability: "written" }))
    if (version % 40 === 39) database.pragma("wal_checkpoint(RESTART)")
    if (version === 100) console.log("begun")
  }
}), layerSqlite({ file, driver: "better-sqlite3" })))
`

/** A process that writes the journal until the scope ends. */
const written = (file: string) =>
  Effect.gen(function* () {
    const script = yield* bundled("walDamageLive", writer, import.meta.dirname)
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "inherit"] })),
      (running) =>
        Effect.promise(async () => {
          const ended = once(running, "exit")
          if (running.kill("SIGKILL")) await ended
        })
    )
    yield* Effect.promise(() => once(createInterface({ input: child.stdout }), "line"))
  })

const open = (file: string, readOnly: boolean) =>
  Effect.scoped(
    Effect.provide(
      Effect.map(Journal, ({ id }) => id),
      layerSqlite({ file, readOnly })
    )
  )

/** Bytes of a journal of a few batches, and of its log. */
const files = Effect.gen(function* () {
  const file = yield* temporaryFile
  return yield* Effect.gen(function* () {
    const journal = yield* Journal
    for (let version = 0; version < 6; version++) yield* journal.append(request([own("a", version)], [json({})]))
    return { database: readFileSync(file), wal: readFileSync(`${file}-wal`) }
  }).pipe(Effect.provide(layerSqlite({ file })))
})

/** A journal in whose log a byte was changed. */
const damaged = Effect.gen(function* () {
  const file = yield* temporaryFile
  const { database, wal } = yield* files
  const at = wal.byteLength - 9000
  wal[at] = (wal[at] ?? 0) ^ 0x40
  writeFileSync(file, database)
  writeFileSync(`${file}-wal`, wal)
  return file
})

it.scopedLive(
  "a journal that another process writes, and whose log it begins anew again and again, opens every time",
  () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      yield* written(file)
      const ids = new Set<string>()
      for (let count = 0; count < opens; count++) ids.add(yield* open(file, true))
      assert.strictEqual(ids.size, 1)
    }),
  20_000
)

it.scoped("through a symbolic link, the same last good batch and log are named", () =>
  Effect.gen(function* () {
    const file = yield* damaged
    const link = `${file}-link`
    symlinkSync(file, link)
    const direct = yield* Effect.flip(open(file, true))
    const linked = yield* Effect.flip(open(link, true))
    assert.include(direct, { _tag: "JournalDamaged" })
    assert.include(linked.message, `with no process using it: keep copies, and cut ${file}-wal off at byte`)
    assert.strictEqual(linked.message, direct.message.replace(file, link))
    assert.notInclude(direct.message, "no good batch")
  })
)

it.scoped("a text file is no journal, whatever lies beside it", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    writeFileSync(file, "hello ".repeat(100))
    writeFileSync(`${file}-wal`, "hello ".repeat(100))
    for (const readOnly of [true, false]) {
      assert.include(yield* Effect.flip(open(file, readOnly)), { _tag: "NotAJournal" })
    }
  })
)

it.scoped("a hole that a power loss left is refused, and not said to be a change", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const { database, wal } = yield* files
    const hole = (Math.floor(wal.byteLength / 4096) - 3) * 4096
    writeFileSync(file, database)
    writeFileSync(`${file}-wal`, wal.fill(0, hole, hole + 4096))
    const { message } = yield* Effect.flip(open(file, false))
    assert.include(message, "does not read back as it was written")
    assert.notInclude(message, "changed")
  })
)

it.scoped("a log too long to be held in memory is left to SQLite", () =>
  Effect.gen(function* () {
    const file = yield* damaged
    truncateSync(`${file}-wal`, 2 ** 30 + 1)
    assert.isNotEmpty(yield* open(file, false))
  })
)

it.scoped("what a commit that was given up left in the log is no damage", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const sqlite = yield* loadSqlite()
    const database = sqlite.open({ file, readOnly: false })
    database.exec("PRAGMA journal_mode = WAL; PRAGMA cache_size = 10; CREATE TABLE page (bytes)")
    const fill = "INSERT INTO page SELECT randomblob(3000) FROM (SELECT 1 UNION SELECT 2), (SELECT 1 UNION SELECT 2)"
    const bytes = () => statSync(`${file}-wal`).size
    const before = bytes()
    database.exec(`BEGIN; ${`${fill};`.repeat(20)} ROLLBACK`)
    assert.isAbove(bytes(), before, "pages of the commit that was given up are in the log")
    const given = bytes()
    database.exec(fill)
    assert.strictEqual(bytes(), given, "and are partly written over")
    const wal = readFileSync(`${file}-wal`)
    database.close()
    assert.isUndefined(walDamage(wal, () => undefined))
  })
)
