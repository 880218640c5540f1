/** A bundle of many events of several VFs on two hosts, for figures: events are real ones, most of them packed as hosts pack them; their order is made up. */
import { Bundle } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { Vf } from "@stopcopy/qat"
import { type AppendRequest, encodings, Journal, Replay } from "@stopcopy/runtime"
import { Context, Effect, Layer } from "effect"

const encoder = new TextEncoder()

/** VFs of each host; events of one VF in one batch, packed ones first. */
const [vfs, packedEvents, singleEvents] = [4, 400, 100]
const batchEvents = packedEvents + singleEvents

const states = ["RUNNING", "PRE_COPY", "RUNNING", "RUNNING_P2P", "STOP", "RUNNING_P2P"] as const

const written = (index: number) => ({
  _tag: "RegisterWritten" as const,
  bar: 0 as const,
  offset: (index % 4) * 0x2000 + 0x100 + 4 * (index % 2),
  value: index
})

/** Event `index` of a VF that is not packed: now and then an arc, seldom a refusal. */
const singleEvent = (index: number) => {
  if (index % 500 === 499) {
    return { _tag: "ArcTaken" as const, from: states[0], to: states[Math.floor(index / 500) % 6] ?? "STOP" }
  }
  if (index % 9000 === 8950) {
    return { _tag: "Refused" as const, operation: "set state", failure: { name: "EINVAL", errno: 22, refusal: null } }
  }
  return written(index)
}

type RecordRequest = AppendRequest["records"][number]

const packedRun = (first: number): RecordRequest => {
  const { packing } = Vf.behavior
  if (packing === undefined) throw new Error("the behavior of VFs packs register writes")
  const payload = new Uint8Array(packedEvents * packing.entryBytes)
  const view = new DataView(payload.buffer)
  for (let index = 0; index < packedEvents; index++) {
    packing.write(written(first + index), view, index * packing.entryBytes)
  }
  return { stream: 0, type: packing.type, schemaVersion: 1, encoding: encodings.packed, count: packedEvents, payload }
}

const single = (index: number): RecordRequest => {
  const event = singleEvent(index)
  const payload = encoder.encode(JSON.stringify(event))
  return { stream: 0, type: event._tag, schemaVersion: 1, encoding: encodings.json, count: 1, payload }
}

/** Appends `count` events, batch after batch. `base` in microseconds. */
const fill = (journal: Journal["Type"], count: number, base: number) =>
  Effect.gen(function* () {
    for (let at = 0; at < count / batchEvents; at++) {
      const first = Math.floor(at / vfs) * batchEvents
      const singles = Array.from({ length: singleEvents }, (_, index) => single(first + packedEvents + index))
      yield* journal.append({
        durability: "written",
        time: base + at * 1000,
        correlation: "m-large",
        causation: at % 8 === 0 || at < vfs ? null : `${at * batchEvents}`,
        command: null,
        streams: [{ stream: `vf/pf0/vf${at % vfs}`, behavior: "vf", owner: null, expected: first }],
        records: [packedRun(first), ...singles]
      })
    }
  })

const fresh = Effect.map(Layer.build(Journal.layerMemory), Context.get(Journal))

/** `count` events, half of them on each host. */
export const largeBundle = (count: number): Effect.Effect<Uint8Array<ArrayBuffer>> =>
  Effect.gen(function* () {
    const [source, destination] = [yield* fresh, yield* fresh]
    yield* fill(source, count / 2, 1_700_000_000_000_000)
    yield* fill(destination, count / 2, 1_700_000_000_000_500)
    const inputs = [
      { label: "source", journal: source },
      { label: "destination", journal: destination }
    ]
    const options = { registry: Replay.registry(...behaviors), created: 1_700_000_100_000_000 }
    return new Uint8Array((yield* Bundle.create(inputs, options)).bytes)
  }).pipe(Effect.scoped, Effect.orDie)
