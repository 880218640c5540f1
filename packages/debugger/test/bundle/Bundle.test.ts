/** Bundles: what is in them, how they answer, what is refused. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { Journal, Replay, encodings } from "@stopcopy/runtime"
import type { AppendRequest } from "@stopcopy/runtime"
import { type Context, Effect, Either, Stream } from "effect"
import * as Bundle from "../../src/bundle/Bundle.ts"
import { batchesOf, journalOf, note, packed, poke, registry, seal, unpacked } from "./Vault.ts"

const created = 1_700_000_000_000_000

/** Before, during and after the correlation `m1`; `a` and `b` belong to it, `c` does not. */
const first = journalOf([
  ["a", "old", seal("before")],
  ["a", "old", note(0)],
  ["b", "old", poke(3)],
  ["c", "old", seal("other")],
  ["a", "m1", seal("during")],
  ["c", "else", poke(1)],
  ["b", "else", poke(4)],
  ["a", "else", note(0)],
  ["b", "m1", note(1)],
  ["c", "else", poke(1)],
  ["a", "m1", poke(7)],
  ["a", "late", seal("after")]
])
const second = journalOf([
  ["d", "m1", seal("there")],
  ["d", "m1", poke(1)]
])

const both = Effect.gen(function* () {
  const [one, two] = [yield* first, yield* second]
  const inputs = [
    { label: "one", journal: one },
    { label: "two", journal: two }
  ]
  return { one, two, inputs }
})

const opened = (bytes: Uint8Array) => Bundle.open("b", new Uint8Array(bytes))

const stateAt = (journal: Context.Tag.Service<Journal>) => (stream: string, sequence: number) =>
  Effect.provideService(Replay.stateAt(registry, stream, sequence), Journal, journal)

it.scoped("everything about a correlation, with what is needed to fold the states of its actors", () =>
  Effect.gen(function* () {
    const { inputs, one } = yield* both
    const made = yield* Bundle.create(inputs, { registry, created, correlation: "m1" })
    const { header, journals } = yield* opened(made.bytes)
    assert.deepStrictEqual(
      [header.correlation, header.created, header.journals.map(({ label }) => label)],
      ["m1", created, ["one", "two"]]
    )
    const [here, there] = journals
    assert.isDefined(here)
    assert.isDefined(there)
    const numbers = (yield* batchesOf(here.source.journal)).map(({ batch }) => batch)
    assert.deepStrictEqual(numbers, [5, 7, 8, 9, 11])
    assert.deepStrictEqual([here.whole, there.whole, here.batches, there.events], [false, true, 5, 2])
    assert.deepStrictEqual(
      here.starts.map(({ sequence, stream, version }) => [stream, sequence, version]),
      [
        ["vault/a", 4, 1],
        ["vault/a/note/0", 4, 1],
        ["vault/b", 4, 1]
      ]
    )
    const [now, then] = [stateAt(here.source.journal), stateAt(one)]
    for (const stream of ["vault/a", "vault/b"]) {
      for (let sequence = 5; sequence <= 11; sequence++) {
        assert.deepStrictEqual((yield* now(stream, sequence)).state, (yield* then(stream, sequence)).state)
      }
    }
    assertRight(here.checkLinks(), undefined)
    assertRight(there.checkLinks(), undefined)
  })
)

it.scoped("an opened journal gives the very batches, and links where some are missing", () =>
  Effect.gen(function* () {
    const { inputs, one, two } = yield* both
    const made = yield* Bundle.create(inputs, { registry, created, correlation: "m1" })
    const [here, there] = (yield* opened(made.bytes)).journals
    assert.isDefined(here)
    assert.isDefined(there)
    const all = yield* batchesOf(one)
    const kept = yield* batchesOf(here.source.journal)
    assert.deepStrictEqual(
      kept,
      all.filter(({ batch }) => [5, 7, 8, 9, 11].includes(batch))
    )
    assert.deepStrictEqual(yield* batchesOf(there.source.journal), yield* batchesOf(two))
    assert.isUndefined(there.source.previousHash)
    const links = kept.map(({ batch }) => here.source.previousHash?.(batch))
    assert.deepStrictEqual(links, [all[3]?.hash, all[5]?.hash, undefined, undefined, all[9]?.hash])
    const sequences = Stream.runFold(here.source.journal.events(0), "", (text, { sequence }) => `${text} ${sequence}`)
    assert.strictEqual(yield* sequences, " 5 7 8 9 11")
    assert.deepStrictEqual(yield* here.source.journal.head(), { batch: 11, sequence: 11 })
  })
)

it.scoped("whole journals are there as a whole", () =>
  Effect.gen(function* () {
    const { inputs, one } = yield* both
    const made = yield* Bundle.create(inputs, { registry, created })
    const [here] = (yield* opened(made.bytes)).journals
    assert.isDefined(here)
    assert.deepStrictEqual([made.batches, made.starts, here.whole, here.starts], [14, 0, true, []])
    assert.deepStrictEqual(yield* batchesOf(here.source.journal), yield* batchesOf(one))
  })
)

const request: AppendRequest = {
  time: 0,
  correlation: "x",
  causation: null,
  durability: "written",
  command: null,
  streams: [{ stream: "vault/a", behavior: "vault", owner: null, expected: 0 }],
  records: [{ stream: 0, type: "Later", schemaVersion: 9, encoding: 77, count: 1, payload: new Uint8Array([0xff, 0]) }]
}

it.scoped("nothing can be appended", () =>
  Effect.gen(function* () {
    const { inputs } = yield* both
    const made = yield* Bundle.create(inputs, { registry, created })
    const [here] = (yield* opened(made.bytes)).journals
    assert.isDefined(here)
    const refused = yield* Effect.flip(here.source.journal.append(request))
    assert.include(refused, { _tag: "JournalReadOnly" })
  })
)

it.scoped("what is not known is kept raw: an encoding, a behavior, bytes that are no text", () =>
  Effect.gen(function* () {
    const journal = yield* journalOf([])
    const streams = [{ stream: "later/x", behavior: "later", owner: null, expected: 0 }]
    const json = { ...request.records[0], stream: 0, type: "Odd", schemaVersion: 1, count: 1, encoding: encodings.json }
    const bom = new Uint8Array([0xef, 0xbb, 0xbf, 0x31])
    const records = [
      { ...json, encoding: 77, payload: new Uint8Array([0xff, 0]) },
      { ...json, payload: new Uint8Array([0xff]) },
      { ...json, payload: bom }
    ]
    yield* journal.append({ ...request, streams, records })
    yield* journal.append({
      ...request,
      correlation: "m1",
      streams: [{ ...streams[0], stream: "later/x", behavior: "later", owner: null, expected: 3 }],
      records
    })
    const inputs = [{ label: "one", journal }]
    for (const correlation of ["m1", undefined]) {
      const made = yield* Bundle.create(inputs, {
        registry,
        created,
        ...(correlation === undefined ? {} : { correlation })
      })
      const [here] = (yield* opened(made.bytes)).journals
      assert.isDefined(here)
      const all = yield* batchesOf(journal)
      assert.deepStrictEqual(yield* batchesOf(here.source.journal), correlation === undefined ? all : all.slice(1))
      assert.deepStrictEqual(
        here.starts.map(({ missing }) => missing),
        correlation === undefined ? [] : ["behavior later is not known here"]
      )
    }
  })
)

it.scoped("a correlation that nothing has, and what no field is, are refused", () =>
  Effect.gen(function* () {
    const { inputs } = yield* both
    const none = yield* Effect.flip(Bundle.create(inputs, { registry, created, correlation: "m2" }))
    assert.strictEqual(none.message, "nothing in one, two has the correlation id m2: check the id")
    for (const field of ["", "a..b", "a.*"]) {
      assert.include(yield* Effect.flip(Bundle.create(inputs, { registry, created, redact: [field] })), {
        _tag: "BadField",
        field
      })
    }
  })
)

const bundle = Effect.flatMap(both, ({ inputs }) => Bundle.create(inputs, { registry, created, correlation: "m1" }))
const refusalOf = (bytes: Uint8Array, limit?: number) => Effect.flip(Bundle.open("b", new Uint8Array(bytes), limit))

it.scoped("cut off anywhere, it is damaged or no bundle; never silence", () =>
  Effect.gen(function* () {
    const { bytes } = yield* bundle
    for (let size = 0; size < bytes.byteLength; size += 83) {
      const error = yield* refusalOf(bytes.subarray(0, size))
      assert.include(["NotABundle", "BundleDamaged"], error._tag, `${size}`)
      assert.notInclude(error.message, "\n")
    }
  })
)

it.scoped("unpacked, cut off and packed again, the line is named", () =>
  Effect.gen(function* () {
    const lines = (yield* unpacked((yield* bundle).bytes)).split("\n")
    for (let count = 1; count < lines.length - 1; count++) {
      const error = yield* refusalOf(yield* packed(`${lines.slice(0, count).join("\n")}\n`))
      assert.include(error, { _tag: "BundleDamaged", line: count === 1 ? 2 : count })
    }
    const open = yield* refusalOf(yield* packed(lines.join("\n").slice(0, -1)))
    assert.include(open, { _tag: "BundleDamaged", line: lines.length - 1 })
  })
)

it.scoped("any changed byte of the text is damage that names its line", () =>
  Effect.gen(function* () {
    const bytes = new TextEncoder().encode(yield* unpacked((yield* bundle).bytes))
    for (let at = 0; at < bytes.byteLength; at += 71) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      const error = yield* refusalOf(yield* packed(changed))
      assert.include(["BundleDamaged", "NotABundle", "NewerBundle"], error._tag, `${at}`)
      if (at > 60) assert.include(error, { _tag: "BundleDamaged" })
    }
  })
)

it.scoped("a changed payload is found in the line of its batch", () =>
  Effect.gen(function* () {
    const text = yield* unpacked((yield* bundle).bytes)
    const line = text.split("\n").findIndex((each) => each.includes("during")) + 1
    const error = yield* refusalOf(yield* packed(text.replaceAll("during", "durinG")))
    assert.include(error, { _tag: "BundleDamaged", line })
    assert.match(error.message, /^bundle b is damaged at line \d+: journal one is damaged at batch 5: its hash is not/)
  })
)

it.scoped("something else, a newer version and too much are told apart", () =>
  Effect.gen(function* () {
    const text = yield* unpacked((yield* bundle).bytes)
    assert.include(yield* refusalOf(new TextEncoder().encode(text)), {
      _tag: "NotABundle",
      reason: "it is no gzip file"
    })
    for (const other of ["", "hello", '{"format":"other"}\n', '{"a":1}\n{"b":2}\n']) {
      assert.include(yield* refusalOf(yield* packed(other)), { _tag: "NotABundle" })
    }
    const newer = yield* refusalOf(yield* packed(text.replace('"version":1', '"version":2')))
    assert.strictEqual(newer.message, "bundle b has version 2, this release reads up to 1: use a newer release")
    assert.include(yield* refusalOf((yield* bundle).bytes, 1000), { _tag: "BundleTooLarge", limit: 1000 })
    assert.isTrue(Either.isRight(yield* Effect.either(opened((yield* bundle).bytes))))
  })
)
