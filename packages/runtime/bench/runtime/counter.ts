/** The actor of the benchmarks: one small command leads to one small event. */
import { Behavior } from "@stopcopy/runtime"
import type { Actor, AppendRequest } from "@stopcopy/runtime"
import { Schema } from "effect"

/** What an event says beside its number; also what competitors store. */
export const note = "one more on the way"

const Counted = Schema.TaggedStruct("Counted", { by: Schema.Int, note: Schema.String })
const State = Schema.Struct({ total: Schema.Int })
const Count = Schema.TaggedStruct("Count", { by: Schema.Int })

/** An actor that counts. */
export type Counter = Actor<typeof State.Type, typeof Count.Type, number, never>

export const counter = Behavior.make({
  name: "counter",
  version: 1,
  state: State,
  command: Count,
  event: Counted,
  initial: { total: 0 },
  decide: (_, { by }) => Behavior.accept([{ _tag: "Counted", by, note } as const], by),
  evolve: (state, { by }) => ({ total: state.total + by })
})

/** A command of `counter`. */
export const count = (by: number): typeof Count.Type => ({ _tag: "Count", by })

/** The event's JSON as `counter` writes it. */
const eventJson = (by: number): string => JSON.stringify({ _tag: "Counted", by, note })

const utf8 = new TextEncoder()

/** The append that `count(by)` leads to, encoded beforehand: what is left is the journal's own work. */
export const encodedAppend = (stream: string, expected: number, by: number): AppendRequest => ({
  durability: "durable",
  time: 1_700_000_000_000_000 + by,
  correlation: `${stream}@${expected + 1}`,
  causation: null,
  command: { stream, schemaVersion: 1, bytes: utf8.encode(JSON.stringify(count(by))) },
  streams: [{ stream, behavior: counter.name, owner: null, expected }],
  records: [
    { stream: 0, type: "Counted", schemaVersion: 1, encoding: 1, count: 1, payload: utf8.encode(eventJson(by)) }
  ]
})
