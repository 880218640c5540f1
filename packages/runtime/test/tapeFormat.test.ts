/** The bytes of a tape, field by field as `FORMAT.md` says, and the checksum against zlib's. */
import { assert, it } from "@effect/vitest"
import { Effect, FastCheck } from "effect"
import { readFile } from "node:fs/promises"
import { crc32 as zlibCrc32 } from "node:zlib"
import { tapeFileName } from "@stopcopy/runtime/tapes"
import { crc32 } from "../src/tape/crc32.ts"
import { entriesOf, identity, journalId, pathOf, startTime } from "./tape.data.ts"
import { tapeIn, tapesFolder } from "./tape.support.ts"

const crcOf = (bytes: Uint8Array): number =>
  crc32(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength) >>> 0

it("crc32 gives the known answers", () => {
  assert.strictEqual(crcOf(new Uint8Array(32)), 0x190a55ad)
  assert.strictEqual(crcOf(new Uint8Array(32).fill(0xff)), 0xff6cab0b)
  assert.strictEqual(crcOf(new Uint8Array(0)), 0)
})

it.prop(
  "crc32 equals that of zlib",
  [FastCheck.array(FastCheck.uint8Array({ minLength: 8, maxLength: 8 }))],
  ([steps]) => {
    const bytes = Uint8Array.from(steps.flatMap((step) => [...step]))
    assert.strictEqual(crcOf(bytes), zlibCrc32(bytes))
  }
)

it.scoped("header and entry lie as documented", () =>
  Effect.gen(function* () {
    const folder = yield* tapesFolder
    const tape = yield* tapeIn(folder)
    const time = startTime + 5
    yield* tape.write(0x1_0000_0007, time, entriesOf(7, 1), 1)
    const bytes = yield* Effect.promise(() => readFile(pathOf(folder)))
    assert.strictEqual(bytes.byteLength, tape.bytes())

    assert.strictEqual(bytes.toString("latin1", 0, 8), "stpctape")
    const words = [8, 12, 16, 20, 24, 28, 32, 36].map((offset) => bytes.readUInt32LE(offset))
    const texts = [journalId, "device/0", "device", "Written"]
    assert.deepStrictEqual(words, [1, 104, 12, 3, ...texts.map(({ length }) => length)])
    assert.strictEqual(bytes.toString("utf8", 40, 93), texts.join(""))
    assert.deepStrictEqual([...bytes.subarray(93, 96)], [0, 0, 0])
    assert.strictEqual(bytes.readUInt32LE(96), zlibCrc32(bytes.subarray(0, 96)))
    assert.strictEqual(bytes.toString("latin1", 100, 104), "tape")

    const entry = bytes.subarray(104)
    assert.strictEqual(entry.byteLength, 40)
    assert.strictEqual(entry.readBigUInt64LE(0), 0x1_0000_0007n)
    assert.strictEqual(entry.readBigUInt64LE(8), BigInt(time))
    assert.deepStrictEqual([...entry.subarray(16, 28)], [...entriesOf(7, 1)])
    assert.deepStrictEqual([...entry.subarray(28, 32)], [0, 0, 0, 0])
    assert.strictEqual(entry.readUInt32LE(32), zlibCrc32(entry.subarray(0, 32)))
    assert.strictEqual(entry.toString("latin1", 36, 40), "tape")
  })
)

it("a file name is the percent-encoded stream, or its beginning and its hash", () => {
  assert.strictEqual(tapeFileName("vf/0000:3b:00.1"), "vf%2F0000:3b:00.1.tape")
  assert.strictEqual(tapeFileName("../a b~é"), "..%2Fa%20b%7E%C3%A9.tape")
  const long = tapeFileName("x".repeat(1024))
  assert.match(long, /^x{100}~[0-9a-f]{64}\.tape$/)
  assert.notStrictEqual(long, tapeFileName("x".repeat(1023)))
  assert.isAtMost(Buffer.byteLength(tapeFileName("é".repeat(1000))), 250)
  assert.strictEqual(tapeFileName(identity.stream), "device%2F0.tape")
})
