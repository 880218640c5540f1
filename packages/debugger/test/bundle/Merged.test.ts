/** Bundles of several hosts as one: everything of each is in it, hashes hold, and what could not be had is named. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { Effect } from "effect"
import * as Bundle from "../../src/bundle/Bundle.ts"
import { batchesOf, journalOf, note, poke, registry, seal } from "./Vault.ts"

const created = 1_700_000_000_000_000

const here = journalOf([
  ["a", "old", seal("before")],
  ["a", "m1", seal("during")],
  ["a", "else", note(0)],
  ["a", "m1", poke(7)]
])
const there = journalOf([
  ["d", "m1", seal("there")],
  ["d", "m1", poke(1)]
])

/** The part of one host. */
const partOf = (label: string, made: typeof here, redact: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const journal = yield* made
    const { bytes } = yield* Bundle.create([{ label, journal }], { registry, created, correlation: "m1", redact })
    return { journal, bytes: new Uint8Array(bytes) }
  })

it.scoped("has every line of its parts, under labels of their roles", () =>
  Effect.gen(function* () {
    const [one, other] = [yield* partOf("alpha", here), yield* partOf("beta", there, ["text"])]
    const merged = yield* Bundle.merge(
      [
        { label: "source", bytes: one.bytes },
        { label: "destination", bytes: other.bytes }
      ],
      { created: created + 1, missing: [] }
    )
    const { header, journals } = yield* Bundle.open("m", new Uint8Array(merged))
    assert.deepStrictEqual([header.correlation, header.created, header.redacted], ["m1", created + 1, ["text"]])
    assert.isUndefined(header.missing)
    assert.deepStrictEqual(
      journals.map(({ entry, events, starts }) => [entry.label, entry.id, events, starts.length]),
      [
        ["source", one.journal.id, 3, 1],
        ["destination", other.journal.id, 2, 0]
      ]
    )
    for (const { checkLinks } of journals) assertRight(checkLinks(), undefined)
    const [source] = journals
    const batches = source === undefined ? [] : yield* batchesOf(source.source.journal)
    assert.deepStrictEqual(
      batches.map(({ batch }) => batch),
      [2, 3, 4]
    )
  })
)

it.scoped("names what is missing, and parts that cannot be read", () =>
  Effect.gen(function* () {
    const { bytes } = yield* partOf("alpha", here)
    const cut = bytes.slice(0, bytes.length - 20)
    const merged = yield* Bundle.merge(
      [
        { label: "source", bytes },
        { label: "destination", bytes: cut }
      ],
      { created, missing: [{ label: "coordinator", reason: "it is away" }] }
    )
    const { header, journals } = yield* Bundle.open("m", new Uint8Array(merged))
    assert.deepStrictEqual(
      journals.map(({ entry }) => entry.label),
      ["source"]
    )
    assert.deepStrictEqual(header.missing?.[0], { label: "coordinator", reason: "it is away" })
    assert.strictEqual(header.missing?.[1]?.label, "destination")
    assert.match(header.missing?.[1]?.reason ?? "", /^bundle the part of the destination is damaged at line/)
  })
)

it.scoped("keeps to the limit of each part", () =>
  Effect.gen(function* () {
    const { bytes } = yield* partOf("alpha", here)
    const merged = yield* Bundle.merge([{ label: "source", bytes }], { created, missing: [], limit: 100 })
    const { header, journals } = yield* Bundle.open("m", new Uint8Array(merged))
    assert.deepStrictEqual([journals.length, header.correlation], [0, null])
    assert.match(header.missing?.[0]?.reason ?? "", /larger than 100 bytes when unpacked/)
  })
)
