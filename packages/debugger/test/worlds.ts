/** Journals for these tests: valves that get commands at known times, and copies with something changed but a whole hash chain. */
import { ActorSystem, Journal, baseType, encodings, withCausation, withCorrelation } from "@stopcopy/runtime"
import type { AppendRequest, Payload, SealedBatch, Snapshot } from "@stopcopy/runtime"
import { Clock, Context, Effect, Layer, Stream } from "effect"
import type { Source } from "@stopcopy/debugger"
import { valve } from "./Valve.ts"
import type { Command } from "./Valve.ts"

type Service = Context.Tag.Service<Journal>

/** A fresh journal in memory, for as long as the test runs. */
const freshJournal = Effect.map(Layer.build(Journal.layerMemory), Context.get(Journal))

export const freshSource = (label: string) => Effect.map(freshJournal, (journal): Source => ({ label, journal }))

/** One command to the valve of an id. */
export interface Told {
  readonly id?: string
  readonly command: Command
  readonly correlation?: string
  /** The event that led to it: a sequence of this journal, or one of another's id. */
  readonly cause?: readonly [sequence: number, journal?: string]
}

/** A clock that stands still. */
const clockAt = (millis: number): Clock.Clock => ({
  ...clockType,
  unsafeCurrentTimeMillis: () => millis,
  unsafeCurrentTimeNanos: () => BigInt(millis) * 1_000_000n,
  currentTimeMillis: Effect.succeed(millis),
  currentTimeNanos: Effect.succeed(BigInt(millis) * 1_000_000n),
  sleep: () => Effect.never
})
const clockType = Clock.make()

const identity = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect

/**
 * Sends the commands from `startMillis` on, one millisecond after the other; refusals are recorded and passed over. The state
 * of the actor after each.
 */
export const tell = ({ journal }: Source, told: ReadonlyArray<Told>, startMillis = 1, behavior: typeof valve = valve) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const states: Array<unknown> = []
    for (const [index, { cause, command, correlation, id }] of told.entries()) {
      const actor = yield* system.actor(behavior, id ?? "a")
      yield* actor.ask(command).pipe(
        Effect.catchTag("EBUSY", () => Effect.void),
        correlation === undefined ? identity : withCorrelation(correlation),
        cause === undefined ? identity : withCausation(cause[0], cause[1]),
        Effect.withClock(clockAt(startMillis + index))
      )
      states.push(actor.unsafeState())
    }
    return states
  }).pipe(Effect.provide(Layer.provide(ActorSystem.layer, Layer.succeed(Journal, journal))))

/** Appends a turn by 0 of valve `a`, which is at this version, without an actor. */
export const turned = ({ journal }: Source, expected: number, at = 0) =>
  journal.append({
    durability: "written",
    time: expected * 1000,
    correlation: "c",
    causation: null,
    command: { stream: "valve/a", schemaVersion: 1, bytes: bytesOf('{"_tag":"Turn","by":0}') },
    streams: [{ stream: "valve/a", behavior: "valve", owner: null, expected }],
    records: [
      {
        stream: 0,
        type: "Turned",
        schemaVersion: 1,
        encoding: encodings.json,
        count: 1,
        payload: bytesOf(`{"_tag":"Turned","by":0,"at":${at}}`)
      }
    ]
  })

/** This many turns by 0, 1 ms after the other: quicker than an actor. */
export const fill = (source: Source, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) => turned(source, index),
    { discard: true }
  )

/** What a batch was appended as. */
const requestOf = ({ command, records, ...context }: SealedBatch): AppendRequest => {
  const names = [...new Set(records.map(({ stream }) => stream))]
  return {
    durability: "written",
    time: context.time,
    correlation: context.correlation,
    causation: context.causation,
    command: command?.bytes
      ? { stream: command.stream, schemaVersion: command.schemaVersion, bytes: command.bytes }
      : null,
    streams: names.flatMap((name) => {
      const first = records.find(({ stream }) => stream === name)
      return first === undefined
        ? []
        : [{ stream: name, behavior: first.behavior, owner: first.owner, expected: first.version - 1 }]
    }),
    records: records.map(({ count, encoding, payload, schemaVersion, stream, type }) => ({
      stream: names.indexOf(stream),
      type,
      schemaVersion,
      encoding,
      count,
      payload: payload ?? new Uint8Array(0)
    }))
  }
}

/** Appends the batches of a source to a fresh journal, each as `change` makes it: its hash chain is whole. */
export const copyOf = (
  { journal, label }: Source,
  change: (request: AppendRequest, batch: SealedBatch) => AppendRequest = (request) => request
) =>
  Effect.gen(function* () {
    const copy = yield* freshJournal
    yield* Stream.runForEach(journal.batches(0), (batch) => copy.append(change(requestOf(batch), batch)))
    return { label, journal: copy } satisfies Source
  })

/** The same source over a journal of which some calls answer otherwise: what a damaged storage does. */
export const over = (source: Source, calls: Partial<Service>): Source => {
  const { journal } = source
  return { ...source, journal: { ...journal, anchor: journal.anchor, ...calls } }
}

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() }

/** JSON text changed as text. */
export const edited = (payload: Payload, from: string, to: string): Uint8Array => {
  const bytes = typeof payload === "object" && "text" in payload ? payload.text() : payload
  const text = typeof bytes === "string" ? bytes : utf8.decode.decode(bytes)
  return utf8.encode.encode(text.replace(from, to))
}

export const bytesOf = (text: string): Uint8Array => utf8.encode.encode(text)

/** A snapshot of a valve as the journal keeps them. */
export const snapshotOf = (sequence: number, state: unknown, more: Partial<Snapshot> = {}): Snapshot => ({
  stream: "valve/a",
  sequence,
  behaviorVersion: 1,
  versions: [["valve/a", sequence]],
  state: bytesOf(JSON.stringify(state)),
  ...more
})

/** Appends a base event of valve `a`, which is at this version. */
export const based = ({ journal }: Source, expected: number, state: unknown, schemaVersion = 1) =>
  journal.append({
    durability: "written",
    time: expected * 1000,
    correlation: "c",
    causation: null,
    command: null,
    streams: [{ stream: "valve/a", behavior: "valve", owner: null, expected }],
    records: [
      {
        stream: 0,
        type: baseType,
        schemaVersion,
        encoding: encodings.base,
        count: 1,
        payload: bytesOf(JSON.stringify(state))
      }
    ]
  })

/** Three turns, a base event (4) that stands for them in their place, and two turns more. */
export const compacted = Effect.gen(function* () {
  const source = yield* freshSource("one")
  yield* fill(source, 3)
  yield* based(source, 3, { position: 0, turns: 3, lot: null, registers: {}, files: [] })
  yield* turned(source, 4)
  yield* turned(source, 5)
  yield* source.journal.removeBefore(4)
  return source
})
