/** The entries of a spool: what was written is read back, whatever it is; what is not whole is told from damage. */
import { assert, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { ftruncateSync as realTruncate, mkdtempSync, rmSync, writeFileSync, writeSync as realWrite } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { PlannedBatch } from "../src/Envelope.ts"
import { bytesOf } from "../src/internal/utf8.ts"
import { scanEntries, type Sealed } from "../src/spool/entry.ts"
import { EntryWriter } from "../src/spool/EntryWriter.ts"
import { readSpool, SpoolFile } from "../src/spool/SpoolFile.ts"

const { array, constantFrom, integer, nat, oneof, option, record, string, tuple, uint8Array } = FastCheck

const count = integer({ min: 0, max: 2 ** 40 })
const name = string({ maxLength: 60, unit: "grapheme" })
const payload = oneof(uint8Array({ maxLength: 200 }), string({ maxLength: 200 }), string({ unit: "grapheme" }))
const stream = record({ stream: name, behavior: name, owner: option(name), expected: count })

/** A batch as `Plan.ts` makes it: every stream has at least one record. */
const sealed: FastCheck.Arbitrary<Sealed> = tuple(
  record({ time: count, correlation: name, causation: option(name), firstSequence: count, batch: count }),
  option(record({ stream: name, schemaVersion: nat(), bytes: payload })),
  array(stream, { minLength: 1, maxLength: 3 }),
  array(tuple(nat(2), name, nat(), constantFrom(1, 2, 3, 4), integer({ min: 1, max: 4096 }), payload), {
    minLength: 1,
    maxLength: 5
  }),
  uint8Array({ minLength: 32, maxLength: 32 })
).map(([context, command, streams, contents, hash]): Sealed => {
  const versions = new Map<string, number>()
  const records = contents.map(([index, type, schemaVersion, encoding, entries, bytes]) => {
    const identity = streams[index % streams.length] ?? streams[0]
    if (identity === undefined) throw new RangeError("a batch has streams")
    const known = streams.find(({ stream }) => stream === identity.stream) ?? identity
    const version = versions.get(known.stream) ?? known.expected + 1
    versions.set(known.stream, version + entries)
    const { behavior, owner, stream } = known
    const place = { stream, behavior, owner, version, sequence: 1, batch: context.batch }
    return { ...place, ...context, type, schemaVersion, encoding, count: entries, payload: bytes, payloadHash: null }
  })
  const batch: PlannedBatch = {
    ...context,
    command: command === null ? null : { ...command, hash: null },
    records
  }
  return { batch, hash }
})

const written = (batches: ReadonlyArray<Sealed>): Buffer => {
  const writer = new EntryWriter()
  for (const each of batches) writer.add(each)
  return Buffer.from(writer.bytes.subarray(0, writer.length))
}

const inOrder = (batches: ReadonlyArray<Sealed>): ReadonlyArray<Sealed> =>
  batches.map(({ batch, hash }, index) => ({ batch: { ...batch, batch: 10 + index }, hash }))

it("what was written is read back as the append that it came from", () => {
  FastCheck.assert(
    FastCheck.property(array(sealed, { maxLength: 4 }), (some) => {
      const batches = inOrder(some)
      const { difference, entries } = scanEntries(written(batches), 0)
      assert.strictEqual(difference, undefined)
      assert.strictEqual(entries.length, batches.length)
      for (const [index, { batch, hash }] of batches.entries()) {
        const found = entries[index]
        if (found === undefined || !("hash" in found)) return assert.fail()
        const { request, ...entry } = found
        assert.deepStrictEqual(
          { ...entry, hash: [...entry.hash] },
          {
            batch: batch.batch,
            firstSequence: batch.firstSequence,
            hash: [...hash]
          }
        )
        const { causation, command, correlation, time } = request
        assert.deepStrictEqual(
          { causation, correlation, time },
          {
            causation: batch.causation,
            correlation: batch.correlation,
            time: batch.time
          }
        )
        assert.deepStrictEqual(command?.stream, batch.command?.stream)
        assert.deepStrictEqual(command?.bytes, batch.command === null ? undefined : bytesOf(batch.command.bytes))
        const versions = new Map<string, number>()
        for (const [at, record] of request.records.entries()) {
          const place = request.streams[record.stream] ?? assert.fail()
          const expected = batch.records[at] ?? assert.fail()
          const version = versions.get(place.stream) ?? place.expected + 1
          versions.set(place.stream, version + record.count)
          const { behavior, owner, stream } = place
          assert.deepStrictEqual(
            { behavior, owner, stream, version, type: record.type, count: record.count },
            {
              behavior: expected.behavior,
              owner: expected.owner,
              stream: expected.stream,
              version: expected.version,
              type: expected.type,
              count: expected.count
            }
          )
          assert.deepStrictEqual(record.payload, bytesOf(expected.payload))
        }
      }
    }),
    { numRuns: 300, seed: 20_261_130 }
  )
})

const some = (): ReadonlyArray<Sealed> => inOrder(FastCheck.sample(sealed, { numRuns: 3, seed: 7 }))

it("a file that ends inside an entry has those before it, wherever it is cut", () => {
  const bytes = written(some())
  const ends = some().map((_, index) => written(some().slice(0, index + 1)).length)
  for (let length = 0; length < bytes.length; length++) {
    const { difference, end, entries } = scanEntries(bytes.subarray(0, length), 0)
    assert.strictEqual(difference, undefined)
    assert.strictEqual(entries.length, ends.filter((each) => each <= length).length)
    assert.strictEqual(end, ends.filter((each) => each <= length).at(-1) ?? 0)
  }
})

it("a byte that was changed is damage, and names the entries before it", () => {
  const bytes = written(some())
  const ends = some().map((_, index) => written(some().slice(0, index + 1)).length)
  const last = ends.at(-1) ?? 0
  for (let at = 0; at < last; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x10
    const { difference, entries } = scanEntries(changed, 0)
    assert.isString(difference, `byte ${at}`)
    assert.strictEqual(entries.length, ends.filter((each) => each <= at).length)
  }
})

it("zeros from a sector on are an entry that was never finished", () => {
  const large: Sealed = {
    batch: {
      ...(some()[0] ?? assert.fail()).batch,
      batch: 10,
      command: { stream: "a", schemaVersion: 1, hash: null, bytes: new Uint8Array(3000).fill(7) }
    },
    hash: new Uint8Array(32)
  }
  const bytes = written([large])
  assert.strictEqual(scanEntries(bytes, 0).entries.length, 1)
  for (let sector = 0; sector < bytes.length - 8; sector += 512) {
    const lost = Buffer.from(bytes).fill(0, sector)
    assert.deepInclude(scanEntries(lost, 0), { entries: [], difference: undefined })
  }
})

it("a batch that does not follow the one before it is damage", () => {
  const [first, , third] = some()
  const { difference } = scanEntries(written([first ?? assert.fail(), third ?? assert.fail()]), 0)
  assert.strictEqual(difference, "batch 12 follows batch 10")
})

const id = "0123456789abcdef0123456789abcdef"

const inFolder = (use: (path: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "stopcopy-spool-"))
  try {
    use(join(folder, "spool"))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it("a spool of another journal, of a later release, or of another program is refused", () => {
  inFolder((path) => {
    const file = Either.getOrThrow(SpoolFile.begin(path, id))
    Either.getOrThrow(file.write(some()))
    file.close()
    assert.strictEqual(Either.getOrThrow(readSpool(path, id)).entries.length, 3)
    const foreign = Either.flip(readSpool(path, "f".repeat(32)))
    assert.match(Either.getOrThrow(foreign).message, /it is of journal 0123456789abcdef/)
    writeFileSync(path, "x".repeat(100))
    assert.match(Either.getOrThrow(Either.flip(readSpool(path, id))).message, /does not begin as a spool does/)
    writeFileSync(path, "stpc")
    assert.deepStrictEqual(Either.getOrThrow(readSpool(path, id)), { entries: [], unfinishedBytes: 4 })
  })
})

it("a write that fails leaves nothing, and the next goes behind what was there", () => {
  inFolder((path) => {
    const calls = { write: 0, truncate: 0, fail: false }
    const broken = new Error("the disk is gone")
    const file = Either.getOrThrow(
      SpoolFile.begin(path, id, {
        write: (fd, bytes, offset, length, position) => {
          calls.write++
          if (!calls.fail) return realWrite(fd, bytes, offset, length, position)
          realWrite(fd, bytes, offset, Math.min(length, 5), position)
          throw broken
        },
        truncate: (fd, size) => {
          calls.truncate++
          if (calls.fail && calls.truncate === 1) throw broken
          realTruncate(fd, size)
        },
        sync: () => undefined
      })
    )
    const [first, second] = some()
    Either.getOrThrow(file.write([first ?? assert.fail()]))
    calls.fail = true
    assert.isTrue(Either.isLeft(file.write([second ?? assert.fail()])))
    calls.fail = false
    Either.getOrThrow(file.write([second ?? assert.fail()]))
    assert.deepStrictEqual(
      Either.getOrThrow(readSpool(path, id)).entries.map(({ batch }) => batch),
      [10, 11]
    )
    file.clear()
    assert.strictEqual(file.bytes, 0)
    assert.deepStrictEqual(Either.getOrThrow(readSpool(path, id)), { entries: [], unfinishedBytes: 0 })
    file.close()
  })
})
