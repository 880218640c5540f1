/** Sizes that limits are held against: the same over a journal that keeps values and never makes their text. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Behavior, Journal, maxPayloadBytes } from "@stopcopy/runtime"
import { Effect, Layer, Schema, Stream } from "effect"
import { sizeOf } from "../src/internal/utf8.ts"
import { lazyJsonEncoder } from "../src/internal/jsonEncoder.ts"
import { journals } from "./worlds.ts"

/** Keeps the last text it was told. */
const notebook = Behavior.make({
  name: "notebook",
  version: 1,
  state: Schema.Struct({ notes: Schema.Int }),
  command: Schema.TaggedStruct("Write", { text: Schema.String }),
  event: Schema.TaggedStruct("Written", { text: Schema.String }),
  initial: { notes: 0 },
  decide: (_, { text }) => Behavior.accept([{ _tag: "Written", text } as const], undefined),
  evolve: ({ notes }) => ({ notes: notes + 1 })
})
const opened = Effect.flatMap(ActorSystem, (system) => system.actor(notebook, "0"))
const note = (text: string) => ({ _tag: "Write", text }) as const

for (const [name, layer] of Object.entries({ memory: journals.memory, SQLite: journals.SQLite })) {
  it.effect(`over ${name} a payload that is too large is refused, in whatever characters`, () =>
    Effect.gen(function* () {
      const one = yield* opened
      for (const text of [
        "x".repeat(maxPayloadBytes),
        "\u0000".repeat(maxPayloadBytes / 6),
        "\u20ac".repeat(maxPayloadBytes / 3)
      ]) {
        assert.include(yield* Effect.flip(one.ask(note(text))), { _tag: "AppendTooLarge", limit: maxPayloadBytes })
      }
      yield* one.ask(note("x".repeat(maxPayloadBytes / 2)))
      assert.deepStrictEqual(yield* one.state, { notes: 1 })
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layer)))
  )

  it.effect(`over ${name} a snapshot is kept after so many bytes`, () =>
    Effect.gen(function* () {
      const one = yield* opened
      for (let count = 0; count < 5; count++) yield* one.ask(note("x".repeat(1000)))
      const snapshots = yield* Stream.runCollect((yield* Journal).snapshots(0))
      assert.deepStrictEqual(
        [...snapshots].map(({ sequence }) => sequence),
        [3]
      )
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layerWith({ snapshotBytes: 3000 }), layer)))
  )
}

it("a text that is not made yet is never taken for a smaller one than a limit by its escapes", () => {
  const encode = lazyJsonEncoder(
    Schema.parseJson(Schema.Struct({ list: Schema.Array(Schema.Union(Schema.String, Schema.Number)) }))
  )
  for (const list of [[], ["a", "b"], ["\u0001".repeat(500)], [Number.MIN_VALUE, -Number.MAX_VALUE], ["\ud800"]]) {
    const lazy = encode({ list })
    const text = typeof lazy === "string" ? lazy : lazy.text()
    assert.isFalse(typeof lazy === "string")
    assert.isAtLeast(6 * lazy.length, text.length)
    assert.strictEqual(sizeOf(lazy, 6), new TextEncoder().encode(text).byteLength)
  }
})
