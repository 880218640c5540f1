/** Two runs of the same thing: the first event that differs. */
import { assert, it } from "@effect/vitest"
import { compare, formatPath } from "@stopcopy/debugger"
import type { CompareOptions, Source } from "@stopcopy/debugger"
import { Effect } from "effect"
import { known } from "./Valve.ts"
import { copyOf, edited, freshSource, tell } from "./worlds.ts"
import type { Told } from "./worlds.ts"

const some: ReadonlyArray<Told> = [
  { command: { _tag: "Turn", by: 30 }, correlation: "m-1" },
  { id: "b", command: { _tag: "Turn", by: 1 } },
  { command: { _tag: "Log", file: 1, text: "x" } },
  { command: { _tag: "Poke", register: 4, value: 77 } },
  { id: "b", command: { _tag: "Draw" } },
  { command: { _tag: "Turn", by: 3 } }
]

const run = (told: ReadonlyArray<Told>, startMillis = 1) =>
  Effect.gen(function* () {
    const source = yield* freshSource("run")
    yield* tell(source, told, startMillis)
    return source
  })

const first = (a: Source, b: Source, options?: CompareOptions) =>
  Effect.map(compare(known, a, b, options), ({ compared, divergence }) => {
    if (divergence === undefined) return compared
    const { a: left, b: right, changes, kind, stream } = divergence
    return [
      kind,
      stream,
      left?.envelope.sequence,
      right?.envelope.sequence,
      ...changes.map(({ new: now, old, path }) => [formatPath(path), old, now])
    ]
  })

it.scoped("runs at other times, in other journals and with other interleaving are the same", () =>
  Effect.gen(function* () {
    const a = yield* run(some)
    const order = [1, 4, 0, 2, 3, 5].flatMap((index) => some[index] ?? [])
    const b = yield* run(
      order.map((told) => ({ ...told, correlation: "elsewhere" })),
      500
    )
    assert.strictEqual(yield* first(a, b), 6)
    assert.deepStrictEqual(yield* first(a, b, { strictOrder: true }), ["stream", "valve/a", 1, 1])
    assert.deepStrictEqual(yield* first(a, b, { context: true }), [
      "context",
      "valve/a",
      1,
      3,
      ["time", 1000, 502000],
      ["correlation", "m-1", "elsewhere"]
    ])
    assert.strictEqual(yield* first(a, a, { strictOrder: true, context: true }), 6)
  })
)

it.scoped("another payload, another type: the divergence that comes first in the first run", () =>
  Effect.gen(function* () {
    const a = yield* run(some)
    const payload = yield* run(
      some.with(1, { id: "b", command: { _tag: "Turn", by: 2 } }).with(
        0,
        some[0] ?? {
          command: { _tag: "Draw" }
        }
      )
    )
    assert.deepStrictEqual(yield* first(a, payload), ["payload", "valve/b", 2, 2, ["by", 1, 2], ["at", 1, 2]])
    assert.deepStrictEqual(yield* first(a, payload, { ignore: ["by"] }), ["payload", "valve/b", 2, 2, ["at", 1, 2]])
    assert.strictEqual(yield* first(a, payload, { ignore: ["by", "at"] }), 6)
    const type = yield* run(some.with(3, { command: { _tag: "Draw" } }))
    assert.deepStrictEqual(yield* first(a, type), ["type", "valve/a", 4, 4])
    const entry = yield* run(some.with(3, { command: { _tag: "Poke", register: 4, value: 78 } }))
    assert.deepStrictEqual(yield* first(a, entry), ["payload", "valve/a", 4, 4, ["value", 77, 78]])
  })
)

it.scoped("a run that ends early, a stream that is missing, an event more", () =>
  Effect.gen(function* () {
    const a = yield* run(some)
    const short = yield* run(some.slice(0, 5))
    assert.deepStrictEqual(yield* first(a, short), ["missing", "valve/a", 6, undefined])
    assert.deepStrictEqual(yield* first(short, a), ["extra", "valve/a", undefined, 6])
    const without = yield* run(some.filter(({ id }) => id !== "b"))
    assert.deepStrictEqual(yield* first(a, without), ["missing", "valve/b", 2, undefined])
    assert.deepStrictEqual(yield* first(without, a), ["extra", "valve/b", undefined, 2])
    assert.deepStrictEqual(yield* first(short, a, { strictOrder: true }), ["extra", "valve/a", undefined, 6])
    assert.deepStrictEqual(yield* first(a, short, { strictOrder: true }), ["missing", "valve/a", 6, undefined])
  })
)

it.scoped("the order of keys does not matter; what is redacted is counted, not compared", () =>
  Effect.gen(function* () {
    const a = yield* run(some)
    const b = yield* copyOf(a, (request) => ({
      ...request,
      records: request.records.map((record) => ({
        ...record,
        payload: edited(record.payload, '"by":30,"at":30', '"at":30,"by":30')
      }))
    }))
    assert.strictEqual(yield* first(a, b), 6)
    yield* b.journal.redact({ sequences: [1, 4], commands: [] })
    assert.deepStrictEqual(yield* compare(known, a, b), { compared: 6, redacted: 2, divergence: undefined })
  })
)

it.scoped("runs of behaviors that are not known are compared by their JSON", () =>
  Effect.gen(function* () {
    const a = yield* run(some)
    const b = yield* run(some.with(0, { command: { _tag: "Turn", by: 31 } }))
    const { divergence } = yield* compare({ registry: new Map() }, a, b)
    assert.deepStrictEqual(
      divergence?.changes.map(({ path }) => formatPath(path)),
      ["by", "at"]
    )
  })
)
