/** The places of a filtered timeline, and the moments of one page of it: what a `Stepper` needs of the sources. */
import type { Envelope, ReadError } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import type { InvalidPattern } from "./DebuggerError.ts"
import type { Filter } from "./Filter.ts"
import type { Known } from "./Known.ts"
import { momentOf } from "./Moment.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"
import { timeline } from "./Timeline.ts"

/** Moments in one page. */
export const stepPage = 128

export interface StepIndex {
  readonly sources: ReadonlyArray<Source>
  readonly count: number
  /** By place: sequence, index of the source, 1 for a failure. */
  readonly sequences: Float64Array
  readonly sourceOf: Uint16Array
  readonly failing: Uint8Array
}

/** Reads the timeline once; 11 bytes are kept for each moment. */
export const loadIndex = (
  sources: ReadonlyArray<Source>,
  known: Known,
  filter: Filter = {}
): Effect.Effect<StepIndex, ReadError | InvalidPattern> =>
  Effect.suspend(() => {
    const places: Array<number> = []
    const owners: Array<number> = []
    const failing: Array<number> = []
    const numberOf = new Map(sources.map((source, index) => [source, index]))
    const take = ({ envelope, failure, source }: Moment) => {
      places.push(envelope.sequence)
      owners.push(numberOf.get(source) ?? 0)
      failing.push(failure === undefined ? 0 : 1)
    }
    const reading = Stream.runForEachChunk(timeline(sources, known, filter), (chunk) =>
      Effect.sync(() => {
        for (const moment of chunk) take(moment)
      })
    )
    return Effect.map(reading, () => ({
      sources,
      count: places.length,
      sequences: Float64Array.from(places),
      sourceOf: Uint16Array.from(owners),
      failing: Uint8Array.from(failing)
    }))
  })

/** The events of a source with these sequences, which are ascending; neighbors are read together. */
const eventsAt = Effect.fnUntraced(function* (
  source: Source,
  sequences: ReadonlyArray<number>
): Effect.fn.Return<ReadonlyMap<number, Envelope>, ReadError> {
  const found = new Map<number, Envelope>()
  for (let at = 0; at < sequences.length;) {
    const first = sequences[at] ?? 0
    const end = sequences.findIndex((sequence, index) => index >= at && sequence - first >= stepPage * 2)
    const group = sequences.slice(at, end < 0 ? undefined : end)
    const last = group.at(-1) ?? first
    yield* source.journal.events(first - 1).pipe(
      Stream.takeWhile(({ sequence }) => sequence <= last),
      Stream.runForEach((event) => Effect.sync(() => found.set(event.sequence, event)))
    )
    at += group.length
  }
  return found
})

/** The moments of one page, in order. */
export const loadPage = Effect.fn("Debugger.loadPage")(function* (
  known: Known,
  index: StepIndex,
  page: number
): Effect.fn.Return<ReadonlyArray<Moment>, ReadError> {
  const places = Array.from(index.sequences.subarray(page * stepPage, (page + 1) * stepPage))
  const owners = index.sourceOf.subarray(page * stepPage)
  const read = yield* Effect.forEach(index.sources, (source, number) =>
    eventsAt(
      source,
      places.filter((_, at) => owners[at] === number)
    )
  )
  return places.flatMap((sequence, at) => {
    const number = owners[at] ?? 0
    const source = index.sources[number]
    const event = read[number]?.get(sequence)
    return source === undefined || event === undefined ? [] : [momentOf(known, source, event)]
  })
})
