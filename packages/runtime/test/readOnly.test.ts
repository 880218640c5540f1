/** Reading a journal leaves its folder as it was: closed, in use, left by a process that died, refused, or cut off. */
import { assert, it } from "@effect/vitest"
import { Journal, Verify } from "@stopcopy/runtime"
import { layerSqlite, layerSqliteWith, loadSqlite } from "@stopcopy/runtime/sqlite"
import type { SqliteDriver } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { chmod, copyFile, mkdir, readFile, readdir, stat, symlink, truncate } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { temporaryFile } from "./files.ts"
import { json, own, request } from "./journal.contract.ts"

/** Names, sizes, times and contents of all files of a folder; no contents of `-shm`, where readers mark their place. */
const folderOf = (file: string) =>
  Effect.promise(async () => {
    const folder = dirname(file)
    const names = (await readdir(folder)).sort()
    return Promise.all(
      names.map(async (name) => {
        const { mtimeMs, size } = await stat(join(folder, name))
        const bytes = await readFile(join(folder, name), "base64")
        return name.endsWith("-shm") ? { name } : { name, size, mtimeMs, bytes }
      })
    )
  })

const append = (version: number) =>
  Effect.flatMap(Journal, (journal) => journal.append(request([own("a", version)], [json(version)])))

/** A closed journal with one event. */
const closedJournal = Effect.gen(function* () {
  const file = yield* temporaryFile
  yield* Effect.provide(append(0), layerSqlite({ file }))
  return file
})

/** The last sequence that a reader of `file` sees. */
const read = (file: string) =>
  Effect.map(Effect.provide(Verify.verify(), layerSqlite({ file, readOnly: true })), ({ sequence }) => sequence)

/** Copies a journal that is in use, with some of its files, into a new folder, as a process that died leaves them. */
const leftBehind = (file: string, endings: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const copy = yield* temporaryFile
    yield* Effect.promise(() => Promise.all(endings.map((ending) => copyFile(file + ending, copy + ending))))
    return copy
  })

it.scoped("a closed journal is read, also through a link, and nothing is made beside it, even while it is open", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    const link = join(dirname(yield* temporaryFile), "link.db")
    yield* Effect.promise(() => symlink(file, link))
    const before = yield* folderOf(file)
    assert.deepStrictEqual(
      before.map(({ name }) => name),
      [basename(file)]
    )
    for (const place of [file, link]) {
      const reader = yield* Layer.build(layerSqlite({ file: place, readOnly: true }))
      assert.include(yield* Effect.provide(Verify.verify(), reader), { sequence: 1 })
      assert.strictEqual((yield* Effect.provide(Journal, reader)).name, place)
      assert.deepStrictEqual(yield* folderOf(file), before)
    }
    assert.deepStrictEqual(yield* Effect.promise(() => readdir(dirname(link))), ["link.db"])
  })
)

it.scoped("the private copy of a closed journal goes away with the reader", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    const sqlite = yield* loadSqlite()
    const places: Array<string> = []
    const watched: SqliteDriver = {
      ...sqlite,
      open: (options) => {
        places.push(options.file)
        return sqlite.open(options)
      }
    }
    yield* Effect.provide(Journal, layerSqliteWith(watched, { file, readOnly: true }))
    const [place = file] = places
    assert.notStrictEqual(place, file)
    const gone = yield* Effect.either(Effect.tryPromise(() => readdir(dirname(place))))
    assert.strictEqual(gone._tag, "Left")
  })
)

it.scoped(
  "a journal in use is read in place: a reader sees what is appended, and leaves the files that were there",
  () =>
    Effect.gen(function* () {
      const file = yield* closedJournal
      const writer = yield* Layer.build(layerSqlite({ file }))
      yield* Effect.provide(append(1), writer)
      const before = yield* folderOf(file)
      assert.strictEqual(before.length, 3)
      assert.strictEqual(yield* read(file), 2)
      assert.deepStrictEqual(yield* folderOf(file), before)
      const reader = yield* Layer.build(layerSqlite({ file, readOnly: true }))
      yield* Effect.provide(append(2), writer)
      assert.include(yield* Effect.provide(Verify.verify(), reader), { sequence: 3 })
    })
)

it.scoped("what a process that died left is read whole and kept, with and without its -shm file", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    const writer = yield* Layer.build(layerSqlite({ file }))
    yield* Effect.provide(append(1), writer)
    for (const endings of [
      ["", "-wal", "-shm"],
      ["", "-wal"]
    ]) {
      const copy = yield* leftBehind(file, endings)
      const before = yield* folderOf(copy)
      assert.strictEqual(yield* read(copy), 2)
      assert.deepStrictEqual(yield* folderOf(copy), before)
    }
  })
)

it.scoped("a journal in a folder that cannot be written is read", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    const writer = yield* Layer.build(layerSqlite({ file }))
    yield* Effect.provide(append(1), writer)
    for (const endings of [
      ["", "-wal", "-shm"],
      ["", "-wal"]
    ]) {
      const copy = yield* leftBehind(file, endings)
      const modes = (one: number, folder: number) =>
        Effect.promise(async () => {
          await Promise.all(endings.map((ending) => chmod(copy + ending, one)))
          await chmod(dirname(copy), folder)
        })
      yield* Effect.acquireRelease(modes(0o444, 0o555), () => modes(0o644, 0o755))
      assert.strictEqual(yield* read(copy), 2)
    }
  })
)

it.scoped("a file that is refused is left alone too", () =>
  Effect.gen(function* () {
    const file = yield* temporaryFile
    const sqlite = yield* loadSqlite()
    const other = sqlite.open({ file, readOnly: false })
    other.prepare("PRAGMA journal_mode = WAL").get()
    other.exec("CREATE TABLE cake (layers INTEGER)")
    other.close()
    const before = yield* folderOf(file)
    assert.strictEqual((yield* Effect.flip(read(file)))._tag, "NotAJournal")
    assert.deepStrictEqual(yield* folderOf(file), before)
  })
)

it.scoped("a journal that is cut off or overwritten is damaged, in one line, for readers and writers", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    yield* Effect.promise(() => truncate(file, 2 * 4096))
    for (const readOnly of [true, false]) {
      const error = yield* Effect.flip(Effect.provide(Journal, layerSqlite({ file, readOnly })))
      assert.include(error, { _tag: "JournalDamaged", journal: file, batch: 1, lastGood: 0, retryable: false })
      assert.match(
        error.message,
        /^journal .* is damaged at batch 1: it cannot be opened \(.*malformed.*\), the file is cut off or overwritten: use a backup; no good batch is before it$/
      )
    }
  })
)

it.scoped("a place that cannot be opened is one line with the remedy", () =>
  Effect.gen(function* () {
    const file = yield* closedJournal
    yield* Effect.promise(() => mkdir(`${file}-wal`))
    const error = yield* Effect.flip(Effect.provide(Journal, layerSqlite({ file })))
    assert.include(error, { _tag: "JournalUnavailable", journal: file })
    assert.match(
      error.message,
      /^journal .* is not available: .*: make the folder writable or copy the journal with its -wal file$/
    )
  })
)
