/**
 * Two runs of the same thing: where they first differ. Streams are held against each other event by event: type and payload.
 * Times, journal ids, batch numbers, correlation and causation ids are another matter (`context`).
 */
import type { Envelope, ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import { diffJson } from "./Diff.ts"
import type { Change } from "./Diff.ts"
import { pulled } from "./internal/Pulled.ts"
import type { Pulled } from "./internal/Pulled.ts"
import { parsedJson } from "./Json.ts"
import type { Known } from "./Known.ts"
import { momentOf } from "./Moment.ts"
import type { Moment } from "./Moment.ts"
import { formatPath } from "./Path.ts"
import type { Source } from "./Source.ts"

export interface CompareOptions {
  /** Fields of payloads that may differ, with all below them: `id`, `files.0.position`. */
  readonly ignore?: ReadonlyArray<string>
  /** Also the order of events across streams. Default: false, each stream is compared for itself. */
  readonly strictOrder?: boolean
  /** Also time, correlation and causation of every event. Default: false. */
  readonly context?: boolean
}

/** The first event that differs. One of the two is missing where a run ends early. */
export interface RunDivergence {
  /** `missing`: `b` lacks the event. `extra`: only `b` has it. `stream`, `type`, `payload`, `context`: these differ. */
  readonly kind: "missing" | "extra" | "stream" | "type" | "payload" | "context"
  readonly stream: string
  readonly a: Moment | undefined
  readonly b: Moment | undefined
  readonly changes: ReadonlyArray<Change>
}

export interface Comparison {
  /** Pairs of events that agree. */
  readonly compared: number
  /** Those of them of which one is redacted: their payloads were not compared. */
  readonly redacted: number
  readonly divergence: RunDivergence | undefined
}

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index])

/** True if what is stored is the same to the byte: most pairs need no decoding. */
const sameStored = (left: Envelope, right: Envelope): boolean =>
  left.payload !== null &&
  right.payload !== null &&
  left.encoding === right.encoding &&
  left.schemaVersion === right.schemaVersion &&
  sameBytes(left.payload, right.payload)

const contextOf = ({ causation, correlation, time }: Envelope) => ({ time, correlation, causation })

/** A payload for comparing: its JSON value, or the text that is there where it is none. */
const payloadOf = (moment: Moment): unknown => parsedJson(moment.json) ?? moment.json

/** Compares pairs of events and counts them. */
class Pairs {
  compared = 0
  redacted = 0
  private readonly known: Known
  private readonly a: Source
  private readonly b: Source
  private readonly options: CompareOptions

  constructor(known: Known, a: Source, b: Source, options: CompareOptions) {
    this.known = known
    this.a = a
    this.b = b
    this.options = options
  }

  divergence(
    kind: RunDivergence["kind"],
    a: Envelope | undefined,
    b: Envelope | undefined,
    changes: ReadonlyArray<Change> = []
  ): RunDivergence {
    return {
      kind,
      stream: a?.stream ?? b?.stream ?? "",
      a: a && momentOf(this.known, this.a, a),
      b: b && momentOf(this.known, this.b, b),
      changes
    }
  }

  /** The difference of two events of one place; undefined if they agree. */
  take(a: Envelope, b: Envelope): RunDivergence | undefined {
    if (a.stream !== b.stream) return this.divergence("stream", a, b)
    if (a.type !== b.type) return this.divergence("type", a, b)
    const payload = this.payload(a, b)
    if (payload.length > 0) return this.divergence("payload", a, b, payload)
    const context = this.options.context === true ? diffJson(contextOf(a), contextOf(b)) : []
    if (context.length > 0) return this.divergence("context", a, b, context)
    this.compared++
    return undefined
  }

  private payload(a: Envelope, b: Envelope): ReadonlyArray<Change> {
    if (a.payload === null || b.payload === null) {
      this.redacted++
      return []
    }
    if (sameStored(a, b)) return []
    const [left, right] = [momentOf(this.known, this.a, a), momentOf(this.known, this.b, b)]
    return diffJson(payloadOf(left), payloadOf(right)).filter((change) => !this.isIgnored(change))
  }

  private isIgnored({ path }: Change): boolean {
    const field = formatPath(path)
    return (this.options.ignore ?? []).some((each) => field === each || field.startsWith(`${each}.`))
  }
}

/** Events of one run, found by stream: what was read on the way waits for its turn. */
class ByStream {
  private readonly events: Pulled<Envelope>
  private readonly waiting = new Map<string, Array<Envelope>>()
  private readonly versions: ReadonlyMap<string, number>

  constructor(events: Pulled<Envelope>, versions: ReadonlyMap<string, number>) {
    this.events = events
    this.versions = versions
  }

  /** The next event of a stream; undefined if there is none any more. */
  readonly next = Effect.fnUntraced(function* (
    this: ByStream,
    { stream, version }: Envelope
  ): Effect.fn.Return<Envelope | undefined, ReadError> {
    const first = this.waiting.get(stream)?.shift()
    if (first !== undefined || (this.versions.get(stream) ?? 0) < version) return first
    for (;;) {
      const event = yield* this.events.next()
      if (event === undefined || event.stream === stream) return event
      const others = this.waiting.get(event.stream) ?? []
      this.waiting.set(event.stream, others)
      others.push(event)
    }
  })

  /** The first event in the run's order that nobody has asked for. */
  readonly rest = Effect.fnUntraced(function* (this: ByStream): Effect.fn.Return<Envelope | undefined, ReadError> {
    const heads = [...this.waiting.values()].flatMap(([head]) => head ?? [])
    const [first] = heads.toSorted((left, right) => left.sequence - right.sequence)
    return first ?? (yield* this.events.next())
  })
}

/** How the event of `b` for the next one of `a` is found, and which one is left at the end. */
interface Other {
  readonly next: (a: Envelope) => Effect.Effect<Envelope | undefined, ReadError>
  readonly rest: () => Effect.Effect<Envelope | undefined, ReadError>
}

const otherRun = Effect.fnUntraced(function* ({ journal }: Source, options: CompareOptions) {
  const events = yield* pulled(journal.events(0))
  if (options.strictOrder === true) return { next: events.next, rest: events.next }
  const streams = yield* journal.streams()
  const found = new ByStream(events, new Map(streams.map(({ stream, version }) => [stream, version])))
  return { next: (a: Envelope) => found.next(a), rest: () => found.rest() }
})

const firstDivergence = Effect.fnUntraced(function* (
  pairs: Pairs,
  events: Pulled<Envelope>,
  other: Other
): Effect.fn.Return<RunDivergence | undefined, ReadError> {
  for (;;) {
    const a = yield* events.next()
    if (a === undefined) {
      const extra = yield* other.rest()
      return extra && pairs.divergence("extra", undefined, extra)
    }
    const b = yield* other.next(a)
    const divergence = b === undefined ? pairs.divergence("missing", a, undefined) : pairs.take(a, b)
    if (divergence !== undefined) return divergence
  }
})

/** The divergence that comes first in the order of `a`; one that only `b` has comes after all of `a`. */
export const compare = Effect.fn("Debugger.compare")(function* (
  known: Known,
  a: Source,
  b: Source,
  options: CompareOptions = {}
): Effect.fn.Return<Comparison, ReadError> {
  const pairs = new Pairs(known, a, b, options)
  const divergence = yield* Effect.scoped(
    Effect.gen(function* () {
      const events = yield* pulled(a.journal.events(0))
      return yield* firstDivergence(pairs, events, yield* otherRun(b, options))
    })
  )
  return { compared: pairs.compared, redacted: pairs.redacted, divergence }
})
