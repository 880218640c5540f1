/** Redaction: the values are nowhere, hashes hold, and what is left can be seen. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { Journal, Replay } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import * as Bundle from "../../src/bundle/Bundle.ts"
import { Redactor } from "../../src/bundle/Redactor.ts"
import { batchesOf, journalOf, note, poke, registry, seal, unpacked } from "./Vault.ts"

const created = 0

const journal = journalOf([
  ["a", "old", seal("s3cret-before", "iv-before")],
  ["b", "old", note(1)],
  ["a", "m1", poke(77_001)],
  ["a", "m1", seal("s3cret-during", "iv-during")],
  ["b", "m1", note(1, "harmless")]
])

const redacted = (redact: ReadonlyArray<string>, correlation?: string, known: Replay.Registry = registry) =>
  Effect.gen(function* () {
    const inputs = [{ label: "one", journal: yield* journal }]
    const made = yield* Bundle.create(inputs, {
      registry: known,
      created,
      redact,
      ...(correlation === undefined ? {} : { correlation })
    })
    const [here] = (yield* Bundle.open("b", new Uint8Array(made.bytes))).journals
    assert.isDefined(here)
    return { made, here, text: yield* unpacked(made.bytes), original: inputs[0]?.journal }
  })

it.scoped("a named field is nowhere in the file: events, commands and starting states", () =>
  Effect.gen(function* () {
    const { here, made, text } = yield* redacted(["secret", "keys.iv"], "m1")
    for (const value of ["s3cret", "iv-before", "iv-during", Buffer.from("s3cret").toString("base64").slice(0, 7)]) {
      assert.notInclude(text, value)
    }
    assert.deepStrictEqual(
      [...made.redacted],
      [
        ["secret", 4],
        ["keys.iv", 3]
      ]
    )
    assert.strictEqual(made.unseen, 0)
    assertRight(here.checkLinks(), undefined)
    assert.deepStrictEqual(
      here.starts.map(({ json, missing, stream }) => [stream, json === undefined, missing]),
      [
        ["vault/a", true, "fields of it are redacted"],
        ["vault/b", true, "fields of it are redacted"],
        ["vault/b/note/1", true, "behavior vault-note is not known here"]
      ]
    )
    assert.include(here.starts[0]?.view, '"secret":"[redacted]","keys":[{"iv":"[redacted]","size":16}]')
  })
)

it.scoped("what is left of an event is shown, and states are not made of it", () =>
  Effect.gen(function* () {
    const { here, original } = yield* redacted(["secret"])
    const [, , , batch] = yield* batchesOf(here.source.journal)
    assert.isDefined(original)
    assert.deepStrictEqual(batch?.hash, (yield* batchesOf(original))[3]?.hash)
    assert.deepStrictEqual([batch?.records[0]?.payload, batch?.command?.bytes], [null, null])
    assert.strictEqual(
      here.source.redactedView?.(4),
      '{"_tag":"Sealed","secret":"[redacted]","keys":[{"iv":"iv-during","size":16}]}'
    )
    assert.include(here.source.redactedCommand?.(4), '"secret":"[redacted]"')
    assert.deepStrictEqual([here.source.redactedView?.(3), here.source.redactedCommand?.(2)], [undefined, undefined])
    const state = (stream: string) =>
      Effect.either(Effect.provideService(Replay.stateAt(registry, stream), Journal, here.source.journal))
    const failed = yield* state("vault/a")
    assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "RedactedEvent")
    assert.isTrue(Either.isRight(yield* state("vault/b")))
  })
)

it.scoped("a starting state that is not there says so where it is needed", () =>
  Effect.gen(function* () {
    const { here } = yield* redacted(["secret"], "m1")
    const state = yield* Effect.either(
      Effect.provideService(Replay.stateAt(registry, "vault/b"), Journal, here.source.journal)
    )
    assert.strictEqual(
      Either.isLeft(state) && state.left.message,
      "event 2 (@base of vault/b) is redacted: use a journal that has its payload"
    )
  })
)

it.scoped("what is wrong with a value does not quote it either", () =>
  Effect.gen(function* () {
    const bad = yield* journalOf([])
    const streams = [{ stream: "vault/a", behavior: "vault", owner: null }]
    for (const [expected, json] of ['{"_tag":"Sealed","secret":["s3cret"]}', '{"_tag":"Sealed"}'].entries()) {
      const payload = new TextEncoder().encode(json)
      yield* bad.append({
        time: 0,
        correlation: `m${expected}`,
        causation: null,
        durability: "written",
        command: null,
        streams: streams.map((each) => ({ ...each, expected })),
        records: [{ stream: 0, type: "Sealed", schemaVersion: 1, encoding: 1, count: 1, payload }]
      })
    }
    const inputs = [{ label: "one", journal: bad }]
    const plain = yield* Bundle.create(inputs, { registry, created, correlation: "m1" })
    assert.include(yield* unpacked(plain.bytes), "s3cret")
    const made = yield* Bundle.create(inputs, { registry, created, correlation: "m1", redact: ["secret"] })
    const text = yield* unpacked(made.bytes)
    assert.notInclude(text, "s3cret")
    assert.include(text, '"missing":"it cannot be computed"')
  })
)

it.scoped("a field of packed entries is redacted with its run", () =>
  Effect.gen(function* () {
    const { here, made, text } = yield* redacted(["value"])
    assert.deepStrictEqual([...made.redacted], [["value", 1]])
    assert.notInclude(text, "77001")
    assert.notInclude(text, Buffer.from(Uint32Array.of(4, 77_001).buffer).toString("base64"))
    assert.strictEqual(here.source.redactedView?.(3), '{"_tag":"Poked","offset":4,"value":"[redacted]"}')
    assertRight(here.checkLinks(), undefined)
  })
)

it.scoped("what nobody can look into is left out", () =>
  Effect.gen(function* () {
    const { here, made } = yield* redacted(["value"], undefined, Replay.registry())
    assert.deepStrictEqual([made.unseen, here.source.redactedView?.(3)], [1, undefined])
    const [, , batch] = yield* batchesOf(here.source.journal)
    assert.isNull(batch?.records[0]?.payload ?? null)
  })
)

it("fields are found by name and by path, at any depth, in arrays too", () => {
  const value = JSON.stringify({ a: { b: 1, c: [{ b: 2 }, 3] }, b: [4], "x.y": { b: null } })
  const cases: ReadonlyArray<readonly [fields: ReadonlyArray<string>, left: string]> = [
    [["b"], '{"a":{"b":"[redacted]","c":[{"b":"[redacted]"},3]},"b":"[redacted]","x.y":{"b":"[redacted]"}}'],
    [["a.b"], '{"a":{"b":"[redacted]","c":[{"b":2},3]},"b":[4],"x.y":{"b":null}}'],
    [["*.c.b"], '{"a":{"b":1,"c":[{"b":"[redacted]"},3]},"b":[4],"x.y":{"b":null}}'],
    [["a"], '{"a":"[redacted]","b":[4],"x.y":{"b":null}}'],
    [["none"], value]
  ]
  for (const [fields, left] of cases) {
    assertRight(
      Either.map(Redactor.make(fields), ({ redact }) => redact(value)),
      left
    )
  }
  assertRight(
    Either.map(Redactor.make(["a"]), ({ redact }) => redact("no json")),
    undefined
  )
})
