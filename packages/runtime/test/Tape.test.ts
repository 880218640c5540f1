/** Tapes in real files: what is written comes back, wherever the file is cut off, and nothing that was not written does. */
import { assert, it } from "@effect/vitest"
import { maxTapeBatchEntries } from "@stopcopy/runtime"
import type { TapeIdentity } from "@stopcopy/runtime"
import { readTails, tapeFormat } from "@stopcopy/runtime/tapes"
import { Effect, Either, FastCheck } from "effect"
import { existsSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { crc32 } from "node:zlib"
import { entriesOf, identity, journalId, pathOf, startTime } from "./tape.data.ts"
import { bytesIn, expected, recovered, tailsOf, tapeIn, tapesFolder, tapesOf } from "./tape.support.ts"

const timeOf = (version: number): number => startTime + version

/** Writes single entries `first` to `last`, each at a time of its own. */
const writeEach = (folder: string, first: number, last: number, of: TapeIdentity = identity) =>
  Effect.scoped(
    Effect.flatMap(tapeIn(folder, of), (tape) =>
      Effect.gen(function* () {
        for (let version = first; version <= last; version++) {
          yield* tape.write(version, timeOf(version), entriesOf(version, 1, of.entryBytes), 1)
        }
        return tape.bytes()
      })
    )
  )

/** Bytes of one entry of `identity`. */
const stride = 40

it.scoped.prop(
  "random batches, cut off at every byte of the last entries: exactly the whole entries before the cut",
  [FastCheck.array(FastCheck.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })],
  ([counts]) =>
    Effect.gen(function* () {
      const folder = yield* tapesFolder
      const tape = yield* tapeIn(folder)
      let last = 0
      for (const count of counts) {
        yield* tape.write(last + 1, startTime, entriesOf(last + 1, count), count)
        last += count
      }
      const size = tape.bytes()
      assert.strictEqual(statSync(pathOf(folder)).size, size)
      for (let cut = 0; cut <= Math.min(last, 3) * stride; cut++) {
        truncateSync(pathOf(folder), size - cut)
        const whole = last - Math.ceil(cut / stride)
        const { events, tail } = yield* recovered(folder)
        assert.deepStrictEqual(
          events,
          expected(1, whole, () => startTime)
        )
        assert.include(tail, {
          taken: whole,
          passed: 0,
          dropped: 0,
          unfinishedBytes: (stride - (cut % stride)) % stride
        })
      }
    }),
  { fastCheck: { numRuns: 10 } }
)

it.scoped("zeros from a sector on are an unfinished end; the next writer goes on before them", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    const size = yield* writeEach(folder, 1, 40)
    const bytes = readFileSync(pathOf(folder))
    const headerBytes = size - 40 * stride
    for (const lost of [512, 1024, size - stride, size]) {
      // The end of the file, zeros from `lost` on, and more zeros behind.
      writeFileSync(pathOf(folder), Buffer.concat([bytes.subarray(0, lost), Buffer.alloc(size - lost + 3000)]))
      const whole = Math.floor((lost - headerBytes) / stride)
      const { events, tail } = yield* recovered(folder)
      assert.deepStrictEqual(events, expected(1, whole, timeOf))
      assert.strictEqual(tail?.unfinishedBytes, size + 3000 - headerBytes - whole * stride)
      assert.strictEqual(yield* writeEach(folder, whole + 1, whole + 2), headerBytes + (whole + 2) * stride)
      assert.deepStrictEqual((yield* recovered(folder)).events, expected(1, whole + 2, timeOf))
    }
  })
)

it.scoped("any changed byte before the end is damage, named with the last good version, and stays as it is", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    const size = yield* writeEach(folder, 5, 16)
    const bytes = readFileSync(pathOf(folder))
    const headerBytes = size - 12 * stride
    for (let offset = 0; offset < size; offset++) {
      for (const flip of [1 << (offset % 8), bytes[offset] ?? 0]) {
        if (flip === 0) continue
        const changed = Uint8Array.from(bytes)
        changed[offset] = (bytes[offset] ?? 0) ^ flip
        writeFileSync(pathOf(folder), changed)
        const entry = Math.floor((offset - headerBytes) / stride)
        const place =
          offset < headerBytes
            ? { offset: 0, lastGood: 0 }
            : { offset: headerBytes + entry * stride, lastGood: entry === 0 ? 0 : 4 + entry }
        const read = Effect.flip(tailsOf(folder))
        assert.include(yield* read, { _tag: "TapeDamaged", tape: pathOf(folder), ...place })
        const opened = Either.flip(tapesOf(folder).open(identity))
        assert.include(yield* opened, { _tag: "TapeDamaged", ...place })
        assert.deepStrictEqual(Uint8Array.from(readFileSync(pathOf(folder))), changed)
      }
    }
  })
)

it.scoped("zeros with something behind them, a part of the header, and versions that go back are damage", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    const size = yield* writeEach(folder, 1, 40)
    const bytes = readFileSync(pathOf(folder))
    const damaged = (changed: Uint8Array) => {
      writeFileSync(pathOf(folder), changed)
      return Effect.flip(tailsOf(folder))
    }
    const hole = Buffer.from(bytes).fill(0, 512, 1024)
    assert.include(yield* damaged(hole), { _tag: "TapeDamaged", lastGood: 10, offset: size - 30 * stride })
    assert.include(yield* damaged(bytes.subarray(0, 20)), { _tag: "TapeDamaged", lastGood: 0, offset: 0 })
    const again = Buffer.concat([bytes, bytes.subarray(size - 2 * stride)])
    const error = yield* damaged(again)
    assert.include(error, {
      _tag: "TapeDamaged",
      lastGood: 40,
      offset: size,
      difference: "version 39 follows version 40"
    })
    assert.match(error.message, /the last good version is 40: keep a copy and cut the tape off at that byte/)
    const later = Buffer.from(bytes)
    later.writeUInt32LE(2, 8)
    assert.include(yield* damaged(later), { _tag: "TapeDamaged", offset: 0 })
    const sealed = size - 40 * stride - 8
    later.writeUInt32LE(crc32(later.subarray(0, sealed)), sealed)
    assert.include(yield* damaged(later), { _tag: "NewerFormat", format: 2, supported: tapeFormat })
  })
)

it.scoped("entries that the journal has are passed over, entries behind a gap are dropped and counted", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    yield* writeEach(folder, 1, 10)
    yield* writeEach(folder, 12, 14)
    const read = (version: number) =>
      Effect.map(recovered(folder, version), ({ events, tail }) => {
        assert.strictEqual(tail?.taken, events.length)
        return [tail?.passed, events[0]?.version, events.length, tail?.dropped]
      })
    assert.deepStrictEqual(yield* read(0), [0, 1, 10, 3])
    assert.deepStrictEqual(yield* read(4), [4, 5, 6, 3])
    assert.deepStrictEqual(yield* read(10), [10, undefined, 0, 3])
    assert.deepStrictEqual(yield* read(11), [10, 12, 3, 0])
    assert.deepStrictEqual(yield* read(13), [12, 14, 1, 0])
    assert.deepStrictEqual(yield* read(99), [13, undefined, 0, 0])
  })
)

it.scoped("a tape that is past a version refuses it, until it is discarded", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    yield* writeEach(folder, 12, 14)
    const tapes = tapesOf(folder)
    const tape = yield* tapeIn(folder)
    const refused = yield* Either.flip(tape.write(11, startTime, entriesOf(11, 1), 1))
    assert.include(refused, { _tag: "JournalUnavailable", journal: pathOf(folder) })
    tape.close()
    yield* tapes.discard(identity.stream)
    assert.isFalse(existsSync(pathOf(folder)))
    yield* tapes.discard(identity.stream)
    yield* writeEach(folder, 11, 12)
    assert.deepStrictEqual((yield* recovered(folder, 10)).events, expected(11, 12, timeOf))
  })
)

it.scoped("rotating leaves an empty tape that goes on, and a rotation cut short leaves nothing", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    const tape = yield* tapeIn(folder)
    const empty = tape.bytes()
    yield* tape.write(1, timeOf(1), entriesOf(1, 1), 1)
    yield* tape.sync()
    yield* tape.rotate()
    assert.deepStrictEqual([tape.bytes(), statSync(pathOf(folder)).size], [empty, empty])
    assert.include((yield* recovered(folder)).tail, { taken: 0, passed: 0, dropped: 0 })
    yield* tape.write(2, timeOf(2), entriesOf(2, 1), 1)
    assert.deepStrictEqual((yield* recovered(folder, 1)).events, expected(2, 2, timeOf))

    writeFileSync(`${pathOf(folder)}.new`, "half a header")
    assert.strictEqual((yield* recovered(folder, 1)).events.length, 1)
    tapesOf(folder)
    assert.deepStrictEqual(readdirSync(folder), ["device%2F0.tape"])
  })
)

it.scoped("an empty file and no folder are no tapes; files are for their owner alone", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    assert.deepStrictEqual(yield* tailsOf(folder), [])
    tapesOf(folder)
    writeFileSync(pathOf(folder), "")
    assert.deepStrictEqual(yield* tailsOf(folder), [])
    yield* writeEach(folder, 1, 1)
    assert.strictEqual((yield* recovered(folder)).events.length, 1)
    assert.deepStrictEqual(
      [folder, pathOf(folder)].map((path) => statSync(path).mode & 0o777),
      [0o700, 0o600]
    )
  })
)

it.scoped("a tape of another journal, stream, type or later format is a typed error", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    yield* writeEach(folder, 1, 1)
    const foreign = yield* Effect.flip(readTails(folder, "f".repeat(32), () => Either.right({ version: 0, taken: 0 })))
    assert.include(foreign, { _tag: "TapeMismatch", what: "journal id", expected: "f".repeat(32), actual: journalId })
    const newer = { ...identity, schemaVersion: 4 }
    const other = yield* Either.flip(tapesOf(folder).open(newer))
    assert.include(other, { _tag: "TapeMismatch", what: "schemaVersion", expected: "4", actual: "3" })
    writeFileSync(pathOf(folder, "device/1"), readFileSync(pathOf(folder)))
    assert.include(yield* Effect.flip(tailsOf(folder)), { _tag: "TapeMismatch", tape: pathOf(folder, "device/1") })
    yield* tapesOf(folder).discard("device/1")
    const tape = yield* tapeIn(folder)
    yield* tape.rotate()
    // Nothing is on it: it may become that of the next version.
    yield* writeEach(folder, 2, 2, newer)
    assert.strictEqual((yield* recovered(folder, 1)).tail?.identity.schemaVersion, 4)
  })
)

it.scoped("every size of entry comes back, and what breaks the rules throws", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    for (let entryBytes = 1; entryBytes <= 64; entryBytes++) {
      const of = { ...identity, stream: `device/${entryBytes}`, entryBytes }
      const tape = yield* tapeIn(folder, of)
      yield* tape.write(1, startTime, entriesOf(1, 3, entryBytes), 3)
    }
    for (const { identity: of, requests } of yield* tailsOf(folder)) {
      const payload = bytesIn(requests[0]?.records[0]?.payload ?? "")
      const entries = [0, 1, 2].flatMap((index) => [
        ...payload.subarray(index * (of.entryBytes + 4) + 4).subarray(0, of.entryBytes)
      ])
      assert.deepStrictEqual(entries, [...entriesOf(1, 3, of.entryBytes)])
    }
    assert.throws(() => tapesOf(folder).open({ ...identity, entryBytes: 65 }), /1 to 64 bytes, not 65/)
    const tape = yield* tapeIn(folder)
    assert.throws(() => tape.write(0, startTime, entriesOf(1, 1), 1), /no version 0/)
    assert.throws(() => tape.write(1, startTime + 0.5, entriesOf(1, 1), 1), /no time/)
    assert.throws(() => tape.write(1, startTime, entriesOf(1, 1), 2), /12 bytes are no 2 entries of 12/)
    const many = maxTapeBatchEntries + 1
    assert.throws(() => tape.write(1, startTime, entriesOf(1, many), many), /not 4097/)
    yield* tape.write(1, startTime, entriesOf(1, many - 1), many - 1)
    assert.include((yield* recovered(folder)).tail, { tape: pathOf(folder), taken: many - 1 })
  })
)
