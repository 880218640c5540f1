/** Values of schema versions 1 to 3 read by version 3: events, commands, states in base events. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Behavior, Journal, baseType, encodings } from "@stopcopy/runtime"
import type { AppendRequest } from "@stopcopy/runtime"
import { Effect, Either, Layer, Schema } from "effect"
import { codecOf } from "../src/Codec.ts"

const Added = Schema.TaggedStruct("Added", {
  amount: Schema.Int,
  unit: Schema.String,
  by: Schema.NullOr(Schema.String)
})
const Add = Schema.TaggedStruct("Add", { amount: Schema.Int, unit: Schema.String })
const State = Schema.NullOr(Schema.Struct({ total: Schema.Int, unit: Schema.String }))

const asObject = Schema.decodeUnknownSync(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

/** Version 1 had no unit, version 2 no author; an amount of 13 was never meant. The state of version 2 was a plain number, 0: none. */
const upcasters: Behavior.Upcasters = {
  1: {
    event: (json) => {
      if (asObject(json)["amount"] === 13) throw new Error("13 was never meant")
      return { ...asObject(json), unit: "B" }
    },
    command: (json) => ({ ...asObject(json), unit: "B" })
  },
  2: {
    event: (json) => ({ ...asObject(json), by: null }),
    state: (json) => (json === 0 ? null : { total: json, unit: "B" })
  }
}

const counter = Behavior.make({
  name: "counter",
  version: 3,
  state: State,
  command: Add,
  event: Added,
  initial: null,
  decide: (_, { amount, unit }) => Behavior.accept([{ _tag: "Added" as const, amount, unit, by: null }], amount),
  evolve: (state: typeof State.Type, { amount, unit }) => ({ total: (state?.total ?? 0) + amount, unit }),
  upcasters
})

const event = (schemaVersion: number, json: unknown) =>
  ({
    stream: 0,
    type: "Added",
    schemaVersion,
    encoding: encodings.json,
    count: 1,
    payload: JSON.stringify(json)
  }) as const

const base = (schemaVersion: number, json: unknown) => ({
  ...event(schemaVersion, json),
  type: baseType,
  encoding: encodings.base
})

/** The state of an actor whose history is these records. */
const restored = (records: AppendRequest["records"]) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const streams = [{ stream: "counter/a", behavior: "counter", owner: null, expected: 0 }]
    const context = { durability: "written", time: 0, correlation: "c", causation: null, command: null } as const
    yield* journal.append({ ...context, streams, records })
    const actor = yield* Effect.flatMap(ActorSystem, (system) => system.actor(counter, "a"))
    return yield* actor.state
  }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))

const reason = (records: AppendRequest["records"]) =>
  Effect.map(Effect.flip(restored(records)), ({ message }) => message)

it.effect("events of every version up to the present one are folded alike", () =>
  Effect.gen(function* () {
    const events = [
      event(1, { _tag: "Added", amount: 1 }),
      event(2, { _tag: "Added", amount: 2, unit: "B" }),
      event(3, { _tag: "Added", amount: 4, unit: "B", by: "me" })
    ]
    assert.deepStrictEqual(yield* restored(events), { total: 7, unit: "B" })
  })
)

it.effect("a state in a base event is brought up to date; a missing upcaster changes nothing; null is a value", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* restored([base(1, 5)]), { total: 5, unit: "B" })
    assert.deepStrictEqual(yield* restored([base(2, 6), event(1, { _tag: "Added", amount: 1 })]), {
      total: 7,
      unit: "B"
    })
    assert.isNull(yield* restored([base(2, 0)]))
    assert.deepStrictEqual(yield* restored([base(3, { total: 8, unit: "K" })]), { total: 8, unit: "K" })
  })
)

it.effect("a newer version is refused, an upcaster that throws is undecodable, each with its reason in one line", () =>
  Effect.gen(function* () {
    const cases = [
      [[event(4, { _tag: "Added", amount: 1 })], /its schema version 4 is newer than 3, use a newer release$/],
      [[base(4, { total: 1, unit: "B" })], /its schema version 4 is newer than 3, use a newer release$/],
      [
        [event(1, { _tag: "Added", amount: 13 })],
        /^event 1 \(Added of counter\/a\) cannot be decoded: bringing it up to date from version 1 failed: Error: 13 was never meant$/
      ],
      [[event(1, "text")], /bringing it up to date from version 1 failed: .*Expected/],
      [[event(2, { _tag: "Added", amount: 1 })], /cannot be decoded: .*unit.*is missing/],
      [[{ ...event(1, null), payload: "{" }], /the payload is not JSON$/]
    ] as const
    for (const [records, expected] of cases) {
      const said = yield* reason(records)
      assert.match(said, expected)
      assert.notInclude(said, "\n")
    }
  })
)

it("stored commands are brought up to date; redacted ones and newer ones are not read", () => {
  const codec = codecOf(counter)
  const command = (schemaVersion: number, json: unknown) =>
    codec.decodeCommand({
      stream: "counter/a",
      schemaVersion,
      bytes: new TextEncoder().encode(JSON.stringify(json)),
      hash: null
    })
  const add = { _tag: "Add", amount: 1, unit: "B" }
  assert.deepStrictEqual(Either.getOrThrow(command(1, { _tag: "Add", amount: 1 })), add)
  for (const version of [2, 3]) assert.deepStrictEqual(Either.getOrThrow(command(version, add)), add)
  assert.match(Either.getOrThrow(Either.flip(command(4, add))), /newer than 3/)
  const redacted = codec.decodeCommand({ stream: "counter/a", schemaVersion: 1, bytes: null, hash: new Uint8Array(32) })
  assert.strictEqual(Either.getOrThrow(Either.flip(redacted)), "redacted")
})
