/** A small journey for tests of the view models: a VF of one host that goes through states, and a migration at a coordinator that led to it. */
import { Bundle } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { type AppendRequest, Journal, Replay } from "@stopcopy/runtime"
import { Context, Effect, Layer } from "effect"
import { type Journey, openJourney } from "../../src/travel/Journey.ts"

const encoder = new TextEncoder()

interface Told {
  readonly stream: string
  readonly events: ReadonlyArray<{ readonly _tag: string } & Readonly<Record<string, unknown>>>
  /** Milliseconds. */
  readonly at: number
  readonly cause?: string
}

const request = ({ at, cause, events, stream }: Told, expected: number): AppendRequest => ({
  durability: "written",
  time: 1_700_000_000_000_000 + at * 1000,
  correlation: "m-1",
  causation: cause ?? null,
  command: null,
  streams: [{ stream, behavior: stream.split("/", 1)[0] ?? "", owner: null, expected }],
  records: events.map((event) => ({
    stream: 0,
    type: event._tag,
    schemaVersion: 1,
    encoding: 1,
    count: 1,
    payload: encoder.encode(JSON.stringify(event))
  }))
})

const fresh = Effect.map(Layer.build(Journal.layerMemory), Context.get(Journal))

const append = (journal: Journal["Type"], told: ReadonlyArray<Told>) =>
  Effect.gen(function* () {
    const versions = new Map<string, number>()
    for (const each of told) {
      const expected = versions.get(each.stream) ?? 0
      yield* journal.append(request(each, expected))
      versions.set(each.stream, expected + each.events.length)
    }
  })

const arc = (from: string, to: string) => ({ _tag: "ArcTaken", from, to })
const write = (value: number) => ({ _tag: "RegisterWritten", bar: 0, offset: 0x100, value })

/**
 * In the order of the timeline: coordinator:1, source:1 (PRE_COPY), source:2 and source:3 (registers), source:4 (STOP_COPY, led to by source:1),
 * source:5 (a refusal), coordinator:2 (of a stream that nobody knows).
 */
export const smallBundle: Effect.Effect<Uint8Array<ArrayBuffer>> = Effect.gen(function* () {
  const [coordinator, source] = [yield* fresh, yield* fresh]
  yield* append(coordinator, [
    { stream: "epoch/pf0/vf0", at: 0, events: [{ _tag: "EpochRecorded", epoch: 1, standing: "held", digest: null }] },
    { stream: "door/a", at: 9, events: [{ _tag: "Opened", secret: "Xyzzy" }] }
  ])
  const vf = "vf/pf0/vf0"
  yield* append(source, [
    { stream: vf, at: 1, events: [arc("RUNNING", "PRE_COPY")], cause: `${coordinator.id}/1` },
    { stream: vf, at: 2, events: [write(5), write(6)] },
    { stream: vf, at: 3, events: [arc("PRE_COPY", "STOP_COPY")], cause: "1" },
    {
      stream: vf,
      at: 4,
      events: [{ _tag: "Refused", operation: "set state", failure: { name: "EINVAL", errno: 22, refusal: null } }]
    }
  ])
  const inputs = [
    { label: "coordinator", journal: coordinator },
    { label: "source", journal: source }
  ]
  const registry = Replay.registry(...behaviors)
  const { bytes } = yield* Bundle.create(inputs, { registry, created: 1_700_000_001_000_000 })
  return new Uint8Array(bytes)
}).pipe(Effect.scoped, Effect.orDie)

/** That bundle, opened once. */
export const smallJourney: Effect.Effect<Journey> = Effect.runSync(
  Effect.cached(Effect.flatMap(smallBundle, (bytes) => Effect.orDie(openJourney("small", bytes, () => undefined))))
)
