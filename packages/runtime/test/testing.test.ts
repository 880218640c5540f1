/** The test kit: what it says about behaviors that are right, and about schemas that lose data. */
import { assert, it } from "@effect/vitest"
import { Behavior } from "@stopcopy/runtime"
import { TestKitFailure, given, roundTripEvent } from "@stopcopy/runtime/testing"
import { Schema } from "effect"
import { device } from "./Device.ts"

it("given past events, a command leads to events, an answer and a state", () => {
  given(device, [{ _tag: "FileOpened", file: 1 }])
    .when({ _tag: "Move", file: 1, bytes: Uint8Array.of(1, 2) })
    .expectEvents({ _tag: "FileMoved", file: 1, bytes: Uint8Array.of(1, 2) })
    .expectAnswer(2)
    .when({ _tag: "Drain", id: 5 })
    .expectState({ writes: 0, last: 0, files: [{ file: 1, bytes: 2 }], drain: { id: 5, left: 2 }, ended: [] })
    .when({ _tag: "Drain", id: 6 })
    .expectEvents()
    .expectRefusal({ _tag: "EBUSY", errno: 16 })
  const outcome = given(device).when({ _tag: "Look" })
  assert.deepStrictEqual(outcome.events, [])
})

it("an expectation that does not hold names both sides", () => {
  const outcome = given(device).when({ _tag: "Open", file: 1 })
  assert.throws(() => outcome.expectEvents(), TestKitFailure, /other events[^]*FileOpened[^]*expected: \[\]/)
  assert.throws(() => outcome.expectAnswer(2), TestKitFailure, /another answer/)
  assert.throws(() => outcome.expectRefusal({ _tag: "EBUSY" }), TestKitFailure, /an answer, not a refusal/)
  assert.throws(() => outcome.expectState(device.initial), TestKitFailure, /another state/)
  const refused = given(device).when({ _tag: "Drained", id: 1 })
  assert.throws(() => refused.expectRefusal({ _tag: "EBUSY" }), TestKitFailure, /another refusal/)
})

/** Counts in halves, but its schema keeps whole numbers only. */
const Halves = Schema.transform(Schema.Int, Schema.Number, {
  strict: true,
  decode: (stored) => stored,
  encode: (value) => Math.trunc(value)
})

it("B3: a state, a command or an event that loses data in its schema is a failure", () => {
  const Lossy = Schema.TaggedStruct("Set", { value: Halves })
  const Plain = Schema.TaggedStruct("Set", { value: Schema.Number })
  const make = (
    state: Schema.Schema<number>,
    command: typeof Lossy | typeof Plain,
    event: typeof Lossy | typeof Plain
  ) =>
    Behavior.make({
      name: "halves",
      version: 1,
      state,
      command,
      event,
      initial: 0,
      decide: (_, asked) => Behavior.accept([asked], null),
      evolve: (_, { value }) => value
    })
  const half = { _tag: "Set", value: 0.5 } as const
  assert.throws(
    () => given(make(Halves, Plain, Plain)).when(half),
    TestKitFailure,
    /the state after Set does not survive/
  )
  assert.throws(
    () => given(make(Schema.Number, Lossy, Plain)).when(half),
    TestKitFailure,
    /the command does not survive/
  )
  assert.throws(() => given(make(Schema.Number, Plain, Lossy)).when(half), TestKitFailure, /event Set does not survive/)
  assert.strictEqual(given(make(Schema.Number, Plain, Plain)).when(half).state, 0.5)
})

it("B3: a packed event that loses data in its packing is a failure", () => {
  const event = { _tag: "RegisterWritten", offset: -1, value: 5 } as const
  assert.throws(() => roundTripEvent(device, event), TestKitFailure, /does not survive its packing/)
  roundTripEvent(device, { _tag: "RegisterWritten", offset: 1, value: -5 })
})
