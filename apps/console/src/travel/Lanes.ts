/** What the timeline's picture shows: how many events each stretch of each journal has, and the events that people orient themselves by. Pure. */
import type { Chronicle, Moment } from "@stopcopy/debugger"
import { Either, Predicate } from "effect"

/** One journal's part of the picture, by column. */
export interface Lane {
  readonly counts: Uint32Array
  /** 1 where a column has a failure. */
  readonly failing: Uint8Array
}

/** The column of a place; places stand evenly, whatever time is between them. */
export const columnOf = (place: number, count: number, columns: number): number =>
  count <= 1 ? 0 : Math.min(columns - 1, Math.floor(((place + 0.5) / count) * columns))

/** The place at a fraction of the width, from -1 (before the first event) on. */
export const placeAt = (fraction: number, count: number): number =>
  Math.max(-1, Math.min(count - 1, Math.floor(fraction * count)))

/** Where the cursor of a place is, as a fraction of the width: in the middle of its event. */
export const fractionOf = (place: number, count: number): number =>
  count === 0 || place < 0 ? 0 : (place + 0.5) / count

/** A lane for each source. `places`: the events that are counted. */
export const lanesOf = (chronicle: Chronicle, places: Uint32Array, columns: number): ReadonlyArray<Lane> => {
  const lanes = chronicle.sources.map(() => ({ counts: new Uint32Array(columns), failing: new Uint8Array(columns) }))
  for (const place of places) {
    const lane = lanes[chronicle.sourceOf[place] ?? 0]
    const column = columnOf(place, chronicle.count, columns)
    if (lane === undefined) continue
    lane.counts[column] = (lane.counts[column] ?? 0) + 1
    if (chronicle.failing[place] === 1) lane.failing[column] = 1
  }
  return lanes
}

/** An event to orient oneself by. */
export interface Milestone {
  readonly place: number
  readonly source: number
  readonly text: string
}

/** A text in an event; undefined where it has none, or cannot be read. */
const fieldText = (moment: Moment, name: string): string | undefined => {
  const json = Either.getOrUndefined(Either.try((): unknown => JSON.parse(moment.json)))
  const value = Predicate.isRecord(json) ? json[name] : undefined
  return typeof value === "string" ? value : undefined
}

/** States that devices went to, and the steps of the migration. */
export const milestonesOf = (chronicle: Chronicle): ReadonlyArray<Milestone> =>
  chronicle.moments.flatMap((moment, place): ReadonlyArray<Milestone> => {
    const source = chronicle.sourceOf[place] ?? 0
    const { behavior, type } = moment.envelope
    if (behavior === "vf" && type === "ArcTaken") return [{ place, source, text: fieldText(moment, "to") ?? type }]
    return behavior === "migration" ? [{ place, source, text: fieldText(moment, "step") ?? type }] : []
  })

/** The milestones of a lane whose texts have room beside each other. `width` of the picture and of a character in pixels. */
export const labelled = (
  milestones: ReadonlyArray<Milestone>,
  count: number,
  width: number,
  characterWidth: number
): ReadonlyArray<Milestone> => {
  let free = 0
  let last = ""
  return milestones.filter(({ place, text }) => {
    const at = fractionOf(place, count) * width
    const end = at + (text.length + 2) * characterWidth
    if (at < free || end > width || text === last) return false
    free = end
    last = text
    return true
  })
}
