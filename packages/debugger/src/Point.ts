/** A point: the moment after one event of one source. Written `17`, or `LABEL:17` where there are several sources. */
import type { ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import { InvalidPoint, NoSuchEvent } from "./DebuggerError.ts"
import type { Source } from "./Source.ts"

export interface Point {
  readonly source: Source
  /** Sequence of the event; 0 is the moment before the first one. */
  readonly sequence: number
}

/** How a point is written when these sources are read together. */
export const formatPoint = (sources: ReadonlyArray<Source>, { sequence, source }: Point): string =>
  sources.length === 1 ? `${sequence}` : `${source.label}:${sequence}`

const split = (sources: ReadonlyArray<Source>, text: string): Point | undefined => {
  const parts = /^(?:(.*):)?(\d+)$/s.exec(text)
  const sequence = Number(parts?.[2])
  const label = parts?.[1]
  const [only, ...others] = sources
  const source =
    label === undefined ? (others.length === 0 ? only : undefined) : sources.find((each) => each.label === label)
  return source === undefined || !Number.isSafeInteger(sequence) ? undefined : { source, sequence }
}

/** The events that a source has. */
export const rangeOf = (source: Source): Effect.Effect<{ readonly first: number; readonly last: number }, ReadError> =>
  Effect.map(source.journal.head(), ({ sequence }) => ({ first: source.journal.anchor.sequence, last: sequence }))

/** Reads a point; `0` is the moment before the first event. Fails with how to write it, or with the events that there are. */
export const parsePoint = Effect.fn("Debugger.parsePoint")(function* (
  sources: ReadonlyArray<Source>,
  text: string
): Effect.fn.Return<Point, InvalidPoint | NoSuchEvent | ReadError> {
  const point = split(sources, text)
  if (point === undefined) return yield* new InvalidPoint({ point: text, labels: sources.map(({ label }) => label) })
  const { sequence, source } = point
  const { first, last } = yield* rangeOf(source)
  if (sequence > last || (sequence < first - 1 && sequence !== 0)) {
    return yield* new NoSuchEvent({ source: source.label, sequence, first, last })
  }
  return point
})
