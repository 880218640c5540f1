/** Tapes whose writes fail: a full disk (a file size limit of the operating system), short writes, a file that cannot be cut back. */
import { assert, it } from "@effect/vitest"
import { fullTapeBytes, maxTapeBatchEntries } from "@stopcopy/runtime"
import { openTapesWith } from "@stopcopy/runtime/tapes"
import type { FileCalls } from "@stopcopy/runtime/tapes"
import { Effect, Either, Schema } from "effect"
import { fsyncSync, ftruncateSync, statSync, writeSync } from "node:fs"
import { createInterface } from "node:readline"
import { bundled } from "@stopcopy/workbench"
import { lift, missingCommands, spawnLimited } from "./limits.ts"
import { writeUntilFull } from "./tape.child.ts"
import { childBatch, entriesOf, identity, journalId, pathOf, startTime, writtenByChild } from "./tape.data.ts"
import { expected, recovered, tapesFolder } from "./tape.support.ts"

const calls: FileCalls = { write: writeSync, truncate: ftruncateSync, sync: fsyncSync }

/** The tape in an empty folder, over calls that do what `faulty` says. */
const tapeOver = (faulty: Partial<FileCalls>) =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    const tapes = Either.getOrThrow(openTapesWith({ ...calls, ...faulty }, { folder, journalId }))
    const tape = yield* Effect.acquireRelease(
      Effect.sync(() => Either.getOrThrow(tapes.open(identity))),
      (opened) => Effect.sync(() => opened.close())
    )
    const write = (firstVersion: number, count: number) =>
      tape.write(firstVersion, startTime, entriesOf(firstVersion, count), count)
    return { folder, tape, write }
  })

const failure = (code: string) => Object.assign(new Error(`${code}: it failed`), { code })

it.scoped("a write that is cut short goes on where it stopped", () =>
  Effect.gen(function* () {
    const { folder, write } = yield* tapeOver({
      write: (fd, bytes, offset, length, position) => writeSync(fd, bytes, offset, Math.min(length, 7), position)
    })
    yield* write(1, 20)
    yield* write(21, 1)
    assert.deepStrictEqual(
      (yield* recovered(folder)).events,
      expected(1, 21, () => startTime)
    )
  })
)

it.scoped("of a write that fails on the way, nothing is on the tape, whatever the reason", () =>
  Effect.gen(function* () {
    let code = ""
    const { folder, tape, write } = yield* tapeOver({
      write: (fd, bytes, offset, length, position) => {
        if (code !== "" && offset > 0) throw failure(code)
        return writeSync(fd, bytes, offset, code === "" ? length : 100, position)
      }
    })
    yield* write(1, 3)
    const size = tape.bytes()
    for (const [given, tag] of [
      ["ENOSPC", "JournalFull"],
      ["EDQUOT", "JournalFull"],
      ["EIO", "JournalUnavailable"]
    ] as const) {
      code = given
      const error = yield* Either.flip(write(4, 20))
      assert.include(error, { _tag: tag, journal: pathOf(folder) })
      assert.deepStrictEqual([tape.bytes(), statSync(pathOf(folder)).size], [size, size])
    }
    code = ""
    yield* write(4, 1)
    assert.deepStrictEqual(
      (yield* recovered(folder)).events,
      expected(1, 4, () => startTime)
    )
  })
)

it.scoped("a tape that cannot be cut back takes nothing and syncs nothing until it can, or is rotated", () =>
  Effect.gen(function* () {
    let [writes, cuts] = [true, true]
    const { folder, tape, write } = yield* tapeOver({
      write: (fd, bytes, offset, length, position) => {
        if (!writes && offset > 0) throw failure("EIO")
        return writeSync(fd, bytes, offset, writes ? length : 100, position)
      },
      truncate: (fd, size) => {
        if (!cuts) throw failure("EIO")
        ftruncateSync(fd, size)
      }
    })
    yield* write(1, 1)
    writes = cuts = false
    assert.isTrue(Either.isLeft(write(2, 5)))
    assert.strictEqual((yield* recovered(folder)).events.length, 3)
    writes = true
    assert.include(yield* Either.flip(write(2, 1)), { _tag: "JournalUnavailable" })
    assert.include(yield* Either.flip(tape.sync()), { _tag: "JournalUnavailable" })
    cuts = true
    yield* tape.sync()
    assert.strictEqual((yield* recovered(folder)).events.length, 1)
    yield* write(2, 1)
    writes = cuts = false
    assert.isTrue(Either.isLeft(write(3, 5)))
    writes = true
    yield* tape.rotate()
    yield* write(3, 1)
    assert.deepStrictEqual(
      (yield* recovered(folder, 2)).events,
      expected(3, 3, () => startTime)
    )
  })
)

it.scoped("a rotation that fails leaves the tape as it was", () =>
  Effect.gen(function* () {
    let syncs = true
    const { folder, tape, write } = yield* tapeOver({
      sync: (fd) => {
        if (!syncs) throw failure("EIO")
        fsyncSync(fd)
      }
    })
    yield* write(1, 2)
    syncs = false
    assert.include(yield* Either.flip(tape.rotate()), { _tag: "JournalUnavailable", reason: "EIO: it failed" })
    assert.include(yield* Either.flip(tape.sync()), { _tag: "JournalUnavailable" })
    yield* write(3, 1)
    assert.deepStrictEqual(
      (yield* recovered(folder)).events,
      expected(1, 3, () => startTime)
    )
  })
)

it.scoped("a tape that is never rotated refuses more at its limit", () =>
  Effect.gen(function* () {
    // Takes no space: only the size counts.
    const { tape } = yield* tapeOver({ write: (_fd, _bytes, _offset, length) => length })
    const entries = entriesOf(1, maxTapeBatchEntries)
    const write = (version: number) => tape.write(version, startTime, entries, maxTapeBatchEntries)
    let version = 1
    let written = write(version)
    while (Either.isRight(written)) {
      version += maxTapeBatchEntries
      written = write(version)
    }
    assert.include(written.left, { _tag: "JournalUnavailable" })
    assert.match(written.left.message, /take it into the journal and rotate it/)
    assert.isAtMost(tape.bytes(), fullTapeBytes)
  })
)

const Said = Schema.parseJson(
  Schema.Struct({
    last: Schema.Int,
    bytes: Schema.Int,
    tags: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
  })
)

if (missingCommands.length > 0)
  console.warn(`no test of a full disk: ${missingCommands.join(" and ")} cannot be run here`)

it.scoped.skipIf(missingCommands.length > 0)(
  "a full disk is a typed error, nothing acknowledged is lost, and it goes on when there is space",
  () =>
    Effect.gen(function* () {
      const script = yield* bundled(
        "tapeFull",
        `import { ${writeUntilFull.name} as run } from "./tape.child.ts"; run(process.argv[2])`,
        import.meta.dirname
      )
      const folder = yield* tapesFolder
      const child = spawnLimited(64, script, folder)
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const said = Effect.flatMap(
        Effect.promise(() => lines.next()),
        ({ value }) => Schema.decodeUnknown(Said)(value)
      )
      const full = yield* said
      assert.deepStrictEqual(full.tags, ["JournalFull", "JournalFull"])
      assert.isAbove(full.last, 0)
      assert.strictEqual(statSync(pathOf(folder)).size, full.bytes)
      assert.deepStrictEqual((yield* recovered(folder)).events, expected(1, full.last, writtenByChild))
      lift(child.pid)
      child.stdin.end("\n")
      const on = yield* said
      assert.strictEqual(on.last, full.last + childBatch)
      assert.deepStrictEqual((yield* recovered(folder)).events, expected(1, on.last, writtenByChild))
    })
)
