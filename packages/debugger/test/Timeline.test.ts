/** The timeline: every filter, several sources in one order, and nothing stored that stops it. */
import { assert, it } from "@effect/vitest"
import { forest, rawText, timeline } from "@stopcopy/debugger"
import type { Filter, Source, TreeNode } from "@stopcopy/debugger"
import { encodings } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Stream } from "effect"
import { known } from "./Valve.ts"
import { bytesOf, compacted, fill, freshSource, tell } from "./worlds.ts"

const shown = (sources: ReadonlyArray<Source>, filter: Filter = {}, knowledge = known) =>
  Effect.map(Stream.runCollect(timeline(sources, knowledge, filter)), (moments) =>
    Chunk.toReadonlyArray(moments).map(({ envelope, source }) =>
      sources.length === 1 ? envelope.sequence : `${source.label}:${envelope.sequence}`
    )
  )

const world = Effect.gen(function* () {
  const source = yield* freshSource("one")
  yield* tell(source, [
    { command: { _tag: "Turn", by: 30 }, correlation: "m-1" },
    { command: { _tag: "Log", file: 1, text: "ready (1)" } },
    { command: { _tag: "Poke", register: 4, value: 77 } },
    { command: { _tag: "Turn", by: 100 }, correlation: "m-1" },
    { id: "b", command: { _tag: "End", errno: 5 } },
    { id: "b", command: { _tag: "End", errno: 0 } },
    { command: { _tag: "Turn", by: 5 } }
  ])
  return source
})

const filters: ReadonlyArray<readonly [name: string, filter: Filter, sequences: Array<number | string>]> = [
  ["none", {}, [1, 2, 3, 4, 5, 6, 7]],
  ["a stream and those it owns", { stream: "valve/a" }, [1, 2, 3, 4, 7]],
  ["an owned stream", { stream: "valve/a/log/1" }, [2]],
  ["a stream that is not there", { stream: "valve/c" }, []],
  ["a type", { type: "Turned" }, [1, 7]],
  ["text of a stream's name", { text: "ve/b" }, [5, 6]],
  ["text of a type", { text: "Refus" }, [4]],
  ["text of a payload", { text: "(1)" }, [2]],
  ["text of a packed payload", { text: '"value":77' }, [3]],
  ["a regular expression", { pattern: "^Turned$|ready \\(\\d\\)" }, [1, 2, 7]],
  ["a correlation", { correlation: "m-1" }, [1, 4]],
  ["failures", { failures: true }, [4, 5]],
  ["from a time", { from: 5000 }, [5, 6, 7]],
  ["up to a time", { to: 2000 }, [1, 2]],
  ["a time range", { from: 2000, to: 4000 }, [2, 3, 4]],
  ["two conditions", { stream: "valve/a", failures: true }, [4]]
]

for (const [name, filter, sequences] of filters) {
  it.scoped(`filters by ${name}`, () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* shown([yield* world], filter), sequences)
    })
  )
}

it.scoped("a pattern that is no regular expression is a typed error", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(shown([yield* world], { pattern: "(" }))
    assert.include(error, { _tag: "InvalidPattern", pattern: "(" })
    assert.match(error.message, /'\(' is no regular expression: .*[Uu]nterminated/)
  })
)

it.scoped("a behavior may have a rule of its own for failures", () =>
  Effect.gen(function* () {
    const failures = new Map([
      ["valve", (type: string) => (type === "Turned" ? { name: "odd", errno: null } : undefined)]
    ])
    assert.deepStrictEqual(yield* shown([yield* world], { failures: true }, { ...known, failures }), [1, 7])
  })
)

it.scoped("unknown, unreadable and redacted events are shown raw, and the timeline goes on", () =>
  Effect.gen(function* () {
    const source = yield* freshSource("one")
    yield* tell(source, [{ command: { _tag: "Turn", by: 1 } }])
    const append = (stream: string, behavior: string, text: string, encoding: number) =>
      source.journal.append({
        durability: "written",
        time: 9,
        correlation: "c",
        causation: null,
        command: null,
        streams: [{ stream, behavior, owner: null, expected: 0 }],
        records: [{ stream: 0, type: "Odd", schemaVersion: 1, encoding, count: 1, payload: bytesOf(text) }]
      })
    yield* append("pump/a", "pump", '{"failure":{"name":"EIO","errno":5}}', encodings.json)
    yield* append("valve/x", "valve", "{}", encodings.json)
    yield* append("pump/b", "pump", "ab", 77)
    yield* source.journal.redact({ sequences: [1], commands: [] })
    const moments = Chunk.toReadonlyArray(yield* Stream.runCollect(timeline([source], known)))
    assert.deepStrictEqual(
      moments.map(({ event, json }) => [Either.getOrThrow(Either.flip(event))._tag, json]),
      [
        ["RedactedEvent", ""],
        ["UnknownBehavior", '{"failure":{"name":"EIO","errno":5}}'],
        ["UndecodableEvent", "{}"],
        ["UnknownBehavior", "6162"]
      ]
    )
    assert.strictEqual(rawText({ encoding: encodings.json, payload: Uint8Array.of(0xff) }), "ff")
    assert.deepStrictEqual(yield* shown([source], { failures: true }), [2])
  })
)

/** Two journals whose clocks disagree: the answer in `far` is stamped before its question in `near`. */
const twoWorlds = Effect.gen(function* () {
  const [near, far] = [yield* freshSource("near"), yield* freshSource("far")]
  yield* tell(far, [
    { command: { _tag: "Turn", by: 1 } },
    { command: { _tag: "Turn", by: 2 }, cause: [2, near.journal.id] },
    { command: { _tag: "Turn", by: 3 } }
  ])
  yield* tell(
    near,
    [
      { command: { _tag: "Draw" } },
      { command: { _tag: "Turn", by: 1 } },
      { command: { _tag: "Turn", by: 2 }, cause: [2, far.journal.id] },
      { command: { _tag: "Turn", by: 3 }, cause: [99, "0".repeat(32)] }
    ],
    4
  )
  return [near, far] as const
})

it.scoped("sources merge by time, no event before its cause; what is not there holds nothing up", () =>
  Effect.gen(function* () {
    const sources = yield* twoWorlds
    assert.deepStrictEqual(yield* shown(sources), ["far:1", "near:1", "near:2", "far:2", "far:3", "near:3", "near:4"])
    assert.deepStrictEqual(yield* shown(sources, { stream: "valve/a", type: "Drawn" }), ["near:1"])
  })
)

it.scoped("a cycle of causes, which only damage makes, hides nothing", () =>
  Effect.gen(function* () {
    const [one, two] = [yield* freshSource("one"), yield* freshSource("two")]
    yield* tell(two, [{ command: { _tag: "Turn", by: 1 }, cause: [1, one.journal.id] }])
    yield* tell(one, [{ command: { _tag: "Turn", by: 1 }, cause: [1, two.journal.id] }], 2)
    assert.deepStrictEqual(yield* shown([one, two]), ["two:1", "one:1"])
    const trees = yield* forest([one, two], known)
    assert.deepStrictEqual(trees.map(lines).flat(), ["two 1 Turn", "  1 Turned", "    one 1 Turn", "      1 Turned"])
  })
)

it.scoped("more than one page of each source merges without loss", () =>
  Effect.gen(function* () {
    const sources = [yield* freshSource("one"), yield* freshSource("two")]
    for (const source of sources) yield* fill(source, 600)
    const all = yield* shown(sources)
    assert.strictEqual(new Set(all).size, 1200)
    assert.deepStrictEqual(all.slice(598, 602), ["one:300", "two:300", "one:301", "two:301"])
  })
)

it.scoped("a stream of which the beginning was removed is shown from its base event on", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* shown([yield* compacted], { stream: "valve/a" }), [4, 5, 6])
  })
)

/** A tree as lines: batches with their commands, events below them. */
const lines = (node: TreeNode): ReadonlyArray<string> => {
  const { batch, events, matches } = node
  const command = batch.command?.command
  const told = command === undefined ? "packed" : Either.getOrThrow(command).json.replace(/^.*"_tag":"(\w+)".*$/, "$1")
  return [
    `${batch.source.label} ${batch.batch} ${told}${matches ? "" : " (above)"}`,
    ...events.flatMap(({ children, moment }) => [
      `  ${moment.envelope.sequence} ${moment.envelope.type}`,
      ...children.flatMap(lines).map((line) => `    ${line}`)
    ])
  ]
}

it.scoped("the tree has what a command led to below the event that led to it, across sources", () =>
  Effect.gen(function* () {
    const trees = yield* forest(yield* twoWorlds, known)
    assert.deepStrictEqual(trees.flatMap(lines), [
      "far 1 Turn",
      "  1 Turned",
      "far 3 Turn",
      "  3 Turned",
      "near 1 Draw",
      "  1 Drawn",
      "near 2 Turn",
      "  2 Turned",
      "    far 2 Turn",
      "      2 Turned",
      "        near 3 Turn",
      "          3 Turned",
      "near 4 Turn",
      "  4 Turned"
    ])
  })
)

it.scoped("a filtered tree keeps what matches and the way up to its roots", () =>
  Effect.gen(function* () {
    const trees = yield* forest(yield* twoWorlds, known, { text: '"by":2,"at":3' })
    assert.deepStrictEqual(trees.flatMap(lines), [
      "near 2 Turn (above)",
      "  2 Turned",
      "    far 2 Turn",
      "      2 Turned",
      "        near 3 Turn",
      "          3 Turned"
    ])
    assert.include(yield* Effect.flip(forest(yield* twoWorlds, known, { pattern: "[" })), { _tag: "InvalidPattern" })
  })
)
