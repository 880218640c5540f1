/** Why an event happened and what it led to: the chain of causes up to its root, and everything below, across sources. */
import type { Envelope, ReadError, SealedBatch } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import { batchOf } from "./Batch.ts"
import type { Batch } from "./Batch.ts"
import { causePoint } from "./Causation.ts"
import { NoSuchEvent } from "./DebuggerError.ts"
import { BatchReader } from "./internal/BatchReader.ts"
import { batchesOf } from "./internal/batchesOf.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import { rangeOf } from "./Point.ts"
import type { Point } from "./Point.ts"
import type { Source } from "./Source.ts"
import { mergedEvents } from "./Timeline.ts"

/** An event with the batch that it was recorded in. */
export interface Cause {
  readonly moment: Moment
  readonly batch: Batch
}

/** A batch that an event led to. */
export interface Effected {
  /** The event that led to it. */
  readonly cause: Point
  readonly batch: Batch
  /** What the events of the batch led to. */
  readonly effects: ReadonlyArray<Effected>
}

export interface Why {
  readonly moment: Moment
  readonly batch: Batch
  /** The causes, nearest first. */
  readonly causes: ReadonlyArray<Cause>
  /** A causation id that no source has: the chain goes on elsewhere. Null: the chain is whole, its root came from outside. */
  readonly missing: string | null
  /** What the event led to. */
  readonly effects: ReadonlyArray<Effected>
  /** What other events of the same batch led to. */
  readonly beside: ReadonlyArray<Effected>
}

const momentIn = (batch: Batch, sequence: number): Moment | undefined =>
  batch.moments.find(({ envelope }) => envelope.sequence === sequence)

/** The event of a point with its batch; undefined if the source has no such event. */
const causeAt = (reader: BatchReader, known: Known, point: Point): Effect.Effect<Cause | undefined, ReadError> =>
  Effect.map(reader.containing(point), (sealed) => {
    const batch = sealed && batchOf(known, point.source, sealed)
    const moment = batch && momentIn(batch, point.sequence)
    return batch === undefined || moment === undefined ? undefined : { moment, batch }
  })

/** The batch that the event of a point was recorded in, with its command; undefined if the source has no such event. */
export const batchAt = (known: Known, point: Point): Effect.Effect<Batch | undefined, ReadError> =>
  Effect.map(causeAt(new BatchReader(true), known, point), (cause) => cause?.batch)

/** Up from a batch: its cause, the cause of that one, until one came from outside or is not here. Damaged ids may be a cycle. */
const causesOf = Effect.fnUntraced(function* (
  sources: ReadonlyArray<Source>,
  known: Known,
  reader: BatchReader,
  start: Batch
): Effect.fn.Return<Pick<Why, "causes" | "missing">, ReadError> {
  const causes: Array<Cause> = []
  const seen = new Set<string>()
  let { causation, source } = start
  while (causation !== null) {
    const point = causePoint(sources, source, causation)
    const cause = point && (yield* causeAt(reader, known, point))
    const place = point && `${point.source.label}:${point.sequence}`
    if (cause === undefined || place === undefined || seen.has(place)) return { causes, missing: causation }
    seen.add(place)
    causes.push(cause)
    ;({ causation, source } = cause.batch)
  }
  return { causes, missing: null }
})

/** Finds the events below a batch while all events go by. */
class Reached {
  private readonly sources: ReadonlyArray<Source>
  private readonly events = new Map<Source, Set<number>>()
  /** The last batch of each source that was found to be below. */
  private readonly within = new Map<Source, number>()

  constructor(sources: ReadonlyArray<Source>, { moments, source }: Batch) {
    this.sources = sources
    this.events.set(source, new Set(moments.map(({ envelope }) => envelope.sequence)))
  }

  /** True if the event is below. Its batch's events come one after the other. */
  take(source: Source, { batch, causation, sequence }: Envelope): boolean {
    if (this.within.get(source) !== batch) {
      if (causation === null) return false
      const cause = causePoint(this.sources, source, causation)
      if (cause === undefined || this.events.get(cause.source)?.has(cause.sequence) !== true) return false
      this.within.set(source, batch)
    }
    const events = this.events.get(source) ?? new Set<number>()
    this.events.set(source, events.add(sequence))
    return true
  }
}

/** Gathers what events led to, batch by batch in the order of the timeline, which shows no event before its cause. */
class Effects {
  private readonly sources: ReadonlyArray<Source>
  private readonly known: Known
  private readonly below = new Map<Source, Map<number, Array<Effected>>>()

  constructor(sources: ReadonlyArray<Source>, known: Known) {
    this.sources = sources
    this.known = known
  }

  /** From now on, batches that this event led to are gathered; where. */
  follow({ sequence, source }: Point, into: Array<Effected> = []): Array<Effected> {
    const events = this.below.get(source) ?? new Map<number, Array<Effected>>()
    this.below.set(source, events.set(sequence, into))
    return into
  }

  take(source: Source, sealed: SealedBatch): void {
    if (sealed.causation === null) return
    const cause = causePoint(this.sources, source, sealed.causation)
    const into = cause && this.below.get(cause.source)?.get(cause.sequence)
    if (cause === undefined || into === undefined || this.below.get(source)?.has(sealed.firstSequence)) return
    const batch = batchOf(this.known, source, sealed)
    const effects: Array<Effected> = []
    into.push({ cause, batch, effects })
    for (const { envelope } of batch.moments) this.follow({ source, sequence: envelope.sequence }, effects)
  }
}

/** Why the event of a point happened and what it led to. Reads all sources once; fails if there is no such event. */
export const why = Effect.fn("Debugger.why")(function* (
  sources: ReadonlyArray<Source>,
  known: Known,
  point: Point
): Effect.fn.Return<Why, ReadError | NoSuchEvent> {
  const { sequence, source } = point
  const reader = new BatchReader(false)
  const found = yield* causeAt(reader, known, point)
  if (found === undefined) {
    return yield* new NoSuchEvent({ source: source.label, sequence, ...(yield* rangeOf(source)) })
  }
  const { batch, moment } = found
  const up = yield* causesOf(sources, known, reader, batch)
  const gathered = new Effects(sources, known)
  const beside: Array<Effected> = []
  for (const { envelope } of batch.moments) gathered.follow({ source, sequence: envelope.sequence }, beside)
  const effects = gathered.follow(point)
  const reached = new Reached(sources, batch)
  const below = Stream.filter(mergedEvents(sources), ({ item, source: of }) => reached.take(of, item))
  yield* Stream.runForEach(
    batchesOf(Stream.map(below, ({ item, source: of }) => ({ envelope: item, source: of }))),
    (each) => Effect.sync(() => gathered.take(each.source, each.item))
  )
  return { moment, batch, ...up, effects, beside }
})
