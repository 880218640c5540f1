/**
 * The merged timeline of several sources in memory, by place: for who goes to and fro in it. A place is the number of an event in the timeline, from 0.
 * Nothing is decoded before somebody looks at it.
 */
import { encodings, type Envelope, type ReadError } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import { causePoint } from "./Causation.ts"
import { isFailureType } from "./Failures.ts"
import type { Merged } from "./internal/Merge.ts"
import type { Known } from "./Known.ts"
import { momentOf, rawText } from "./Moment.ts"
import type { Moment } from "./Moment.ts"
import type { Point } from "./Point.ts"
import type { Source } from "./Source.ts"
import { mergedEvents } from "./Timeline.ts"

/** An actor: its own stream and those that it owns. */
export interface Actor {
  /** Index of its source. */
  readonly source: number
  /** The actor's own stream. */
  readonly stream: string
  readonly behavior: string
}

/** What stands in `causes` where there is no place. */
export const causeless = {
  /** The event came from outside. */
  outside: -1,
  /** The event that led to it is in no source. */
  elsewhere: -2
} as const

/** Numbers for names, in the order in which they come. */
class Names {
  readonly all: Array<string> = []
  private readonly numbers = new Map<string, number>()

  number(name: string): number {
    const known = this.numbers.get(name)
    if (known !== undefined) return known
    this.numbers.set(name, this.all.length)
    return this.all.push(name) - 1
  }
}

/** Most events are none and are not decoded to find out: rules F2 and F3 need a field `errno` (`Failures.ts`). */
const mayFail = (known: Known, { behavior, encoding, payload, type }: Envelope): boolean =>
  known.failures?.has(behavior) === true ||
  isFailureType(type) ||
  payload === null ||
  (encoding !== encodings.packed && encoding !== encodings.timed && rawText({ encoding, payload }).includes('"errno"'))

/** Takes events in, in the order of the timeline. */
class Gathering {
  readonly moments: Array<Moment> = []
  readonly sourceOf: Array<number> = []
  readonly actorOf: Array<number> = []
  readonly typeOf: Array<number> = []
  readonly failing: Array<number> = []
  readonly actors: Array<Actor> = []
  readonly types = new Names()
  readonly places: ReadonlyArray<Map<number, number>>
  private readonly known: Known
  private readonly numberOf: ReadonlyMap<Source, number>
  private readonly actorNumbers: ReadonlyArray<Map<string, number>>

  constructor(sources: ReadonlyArray<Source>, known: Known) {
    this.known = known
    this.numberOf = new Map(sources.map((source, index) => [source, index]))
    this.actorNumbers = sources.map(() => new Map<string, number>())
    this.places = sources.map(() => new Map<number, number>())
  }

  take({ item, source }: Merged<Envelope>): void {
    const number = this.numberOf.get(source) ?? 0
    const moment = momentOf(this.known, source, item)
    const isFailing = mayFail(this.known, item) && moment.failure !== undefined
    this.places[number]?.set(item.sequence, this.moments.length)
    this.moments.push(moment)
    this.sourceOf.push(number)
    this.actorOf.push(this.actor(number, item))
    this.typeOf.push(this.types.number(item.type))
    this.failing.push(isFailing ? 1 : 0)
  }

  private actor(source: number, { behavior, owner, stream }: Envelope): number {
    const numbers = this.actorNumbers[source]
    const name = owner ?? stream
    const found = numbers?.get(name)
    if (found !== undefined) return found
    numbers?.set(name, this.actors.length)
    const own = owner === null ? behavior : (name.split("/", 1)[0] ?? name)
    return this.actors.push({ source, stream: name, behavior: own }) - 1
  }
}

/** For every place, the places that it led to: `starts[place]` to `starts[place + 1]` of `effects`. */
const effectsBy = (causes: Int32Array): { readonly starts: Uint32Array; readonly effects: Uint32Array } => {
  const starts = new Uint32Array(causes.length + 1)
  for (const cause of causes) if (cause >= 0) starts[cause + 1] = (starts[cause + 1] ?? 0) + 1
  for (let place = 0; place < causes.length; place++) {
    starts[place + 1] = (starts[place + 1] ?? 0) + (starts[place] ?? 0)
  }
  const next = starts.slice()
  const effects = new Uint32Array(starts.at(-1) ?? 0)
  causes.forEach((cause, place) => {
    if (cause < 0) return
    const at = next[cause] ?? 0
    effects[at] = place
    next[cause] = at + 1
  })
  return { starts, effects }
}

export class Chronicle {
  readonly sources: ReadonlyArray<Source>
  readonly moments: ReadonlyArray<Moment>
  /** In the order of their first events. */
  readonly actors: ReadonlyArray<Actor>
  /** Event types, in the order in which they come. */
  readonly types: ReadonlyArray<string>
  /** By place: index of the source, of the actor, of the type; microseconds since the Unix epoch; 1 for a failure. */
  readonly sourceOf: Uint16Array
  readonly actorOf: Uint32Array
  readonly typeOf: Uint32Array
  readonly times: Float64Array
  readonly failing: Uint8Array
  /** By place: the place of the event that led to it, or one of `causeless`. */
  readonly causes: Int32Array
  private readonly effects: ReturnType<typeof effectsBy>
  private readonly places: ReadonlyArray<ReadonlyMap<number, number>>

  constructor(sources: ReadonlyArray<Source>, gathered: Gathering) {
    this.sources = sources
    this.moments = gathered.moments
    this.actors = gathered.actors
    this.types = gathered.types.all
    this.sourceOf = Uint16Array.from(gathered.sourceOf)
    this.actorOf = Uint32Array.from(gathered.actorOf)
    this.typeOf = Uint32Array.from(gathered.typeOf)
    this.failing = Uint8Array.from(gathered.failing)
    this.times = Float64Array.from(gathered.moments, ({ envelope }) => envelope.time)
    this.places = gathered.places
    this.causes = Int32Array.from(gathered.moments, (moment) => this.causeOf(moment))
    this.effects = effectsBy(this.causes)
  }

  get count(): number {
    return this.moments.length
  }

  /** The place of an event by its source's index and its sequence; undefined if the timeline has no such event. */
  place(source: number, sequence: number): number | undefined {
    return this.places[source]?.get(sequence)
  }

  /** The places that the event at `place` led to, in their order. */
  effectsOf(place: number): ReadonlyArray<number> {
    const { effects, starts } = this.effects
    return Array.from(effects.subarray(starts[place] ?? 0, starts[place + 1] ?? 0))
  }

  /**
   * The last sequence of each source that the timeline shows up to `place`; where there is none, that before its first event, after which a part of a journal
   * has the states it begins with. Place -1 is before the first event.
   */
  pointsAt(place: number): ReadonlyArray<Point> {
    return this.sources.map((source, number) => ({ source, sequence: this.lastUpTo(number, place) }))
  }

  private lastUpTo(source: number, place: number): number {
    const own = this.ordered[source] ?? []
    let [low, high] = [0, own.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((own[middle] ?? 0) <= place) low = middle + 1
      else high = middle
    }
    const [found, first] = [own[low - 1], own[0]]
    const sequenceAt = (at: number | undefined) => (at === undefined ? undefined : this.moments[at]?.envelope.sequence)
    return sequenceAt(found) ?? (sequenceAt(first) ?? 1) - 1
  }

  /** The places of each source, ascending. */
  private get ordered(): ReadonlyArray<ReadonlyArray<number>> {
    return (this.orderedPlaces ??= this.places.map((places) => [...places.values()]))
  }
  private orderedPlaces: ReadonlyArray<ReadonlyArray<number>> | undefined

  private causeOf({ envelope: { causation }, source }: Moment): number {
    if (causation === null) return causeless.outside
    const point = causePoint(this.sources, source, causation)
    const number = point === undefined ? -1 : this.sources.indexOf(point.source)
    return (point && this.place(number, point.sequence)) ?? causeless.elsewhere
  }
}

export interface ChronicleOptions {
  /** Told now and then how many events were read. */
  readonly onProgress?: (events: number) => void
}

/** Reads every event of the sources once. */
export const loadChronicle = (
  sources: ReadonlyArray<Source>,
  known: Known,
  { onProgress }: ChronicleOptions = {}
): Effect.Effect<Chronicle, ReadError> =>
  Effect.suspend(() => {
    const gathering = new Gathering(sources, known)
    const reading = Stream.runForEachChunk(mergedEvents(sources), (chunk) =>
      Effect.sync(() => {
        for (const each of chunk) gathering.take(each)
        onProgress?.(gathering.moments.length)
      })
    )
    return Effect.map(reading, () => new Chronicle(sources, gathering))
  })
