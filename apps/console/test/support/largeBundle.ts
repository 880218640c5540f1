/** A bundle of many events of several VFs on two hosts and of a migration, for figures: the events are real ones, their order is made up. */
import { Bundle } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { Journal, Replay } from "@stopcopy/runtime"
import { Context, Effect, Layer } from "effect"

const encoder = new TextEncoder()

/** VFs of each host, and events of one VF in one batch. */
const [vfs, batchEvents] = [4, 125]

const states = ["RUNNING", "PRE_COPY", "RUNNING", "RUNNING_P2P", "STOP", "RUNNING_P2P"] as const

/** Event `index` of a VF: mostly a register of a ring, now and then an arc, seldom a refusal. */
const eventOf = (index: number): { readonly _tag: string } & Readonly<Record<string, unknown>> => {
  if (index % 500 === 499)
    return { _tag: "ArcTaken", from: states[(index / 499) % 6] ?? "STOP", to: states[index % 6] ?? "STOP" }
  if (index % 9000 === 8999)
    return { _tag: "Refused", operation: "set state", failure: { name: "EINVAL", errno: 22, refusal: null } }
  return { _tag: "RegisterWritten", bar: 0, offset: (index % 4) * 0x2000 + 0x100 + 4 * (index % 2), value: index }
}

/** Appends `count` events, batch after batch. `base` in microseconds. */
const fill = (journal: Journal["Type"], count: number, base: number) =>
  Effect.gen(function* () {
    for (let at = 0; at < count / batchEvents; at++) {
      const vf = at % vfs
      const version = Math.floor(at / vfs) * batchEvents
      const stream = `vf/pf0/vf${vf}`
      yield* journal.append({
        durability: "written",
        time: base + at * 1000,
        correlation: "m-large",
        causation: at % 8 === 0 || at < vfs ? null : `${at * batchEvents}`,
        command: null,
        streams: [{ stream, behavior: "vf", owner: null, expected: version }],
        records: Array.from({ length: batchEvents }, (_, index) => {
          const event = eventOf(version + index)
          return {
            stream: 0,
            type: event._tag,
            schemaVersion: 1,
            encoding: 1,
            count: 1,
            payload: encoder.encode(JSON.stringify(event))
          }
        })
      })
    }
  })

const fresh = Effect.map(Layer.build(Journal.layerMemory), Context.get(Journal))

/** `count` events, half of them on each host. */
export const largeBundle = (count: number): Effect.Effect<Uint8Array> =>
  Effect.gen(function* () {
    const [source, destination] = [yield* fresh, yield* fresh]
    yield* fill(source, count / 2, 1_700_000_000_000_000)
    yield* fill(destination, count / 2, 1_700_000_000_000_500)
    const inputs = [
      { label: "source", journal: source },
      { label: "destination", journal: destination }
    ]
    const options = { registry: Replay.registry(...behaviors), created: 1_700_000_100_000_000 }
    return (yield* Bundle.create(inputs, options)).bytes
  }).pipe(Effect.scoped, Effect.orDie)
