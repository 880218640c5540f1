/** Which events are listed, by numbers rather than by names: what a filter costs for each event is a comparison. Pure. */
import { type Chronicle, rawText } from "@stopcopy/debugger"
import { encodings } from "@stopcopy/runtime"

/** Everything that is given must hold. */
export interface Filter {
  /** Index of a source, of an actor, of a type. */
  readonly source: number | undefined
  readonly actor: number | undefined
  readonly type: number | undefined
  /** Only failures. */
  readonly failures: boolean
  /** Places, both included. */
  readonly from: number | undefined
  readonly to: number | undefined
  /** Stands in the stream, the type or the payload; letters of any case. */
  readonly text: string
}

export const noFilter: Filter = {
  source: undefined,
  actor: undefined,
  type: undefined,
  failures: false,
  from: undefined,
  to: undefined,
  text: ""
}

/** True if it lets everything through. */
export const isOpen = ({ actor, failures, from, source, text, to, type }: Filter): boolean =>
  source === undefined &&
  actor === undefined &&
  type === undefined &&
  from === undefined &&
  to === undefined &&
  !failures &&
  text === ""

/** Whether all but the text holds for the event at a place. */
const holds = (chronicle: Chronicle, filter: Filter, place: number): boolean =>
  (filter.source === undefined || chronicle.sourceOf[place] === filter.source) &&
  (filter.actor === undefined || chronicle.actorOf[place] === filter.actor) &&
  (filter.type === undefined || chronicle.typeOf[place] === filter.type) &&
  (!filter.failures || chronicle.failing[place] === 1)

/** The text that a search looks into. Packed entries have none before they are decoded. */
const searchable = (chronicle: Chronicle, place: number): string => {
  const moment = chronicle.moments[place]
  if (moment === undefined) return ""
  const { encoding, payload, stream, type } = moment.envelope
  const isStored = payload !== null && (encoding === encodings.json || encoding === encodings.base)
  return `${stream} ${type} ${isStored ? rawText({ encoding, payload }) : moment.json}`.toLowerCase()
}

/** Places from `start` up to `end` that the filter lets through, added to `found`. */
const scan = (chronicle: Chronicle, filter: Filter, start: number, end: number, found: Array<number>): void => {
  const text = filter.text.toLowerCase()
  for (let place = start; place < end; place++) {
    if (!holds(chronicle, filter, place)) continue
    if (text === "" || searchable(chronicle, place).includes(text)) found.push(place)
  }
}

/** Events that are looked at before the page may do something else. */
const sliceEvents = 4000

/** Where a filter looks: places from `start` up to `end`. */
const rangeOf = ({ count }: Chronicle, { from = 0, to = count - 1 }: Filter): readonly [start: number, end: number] => [
  Math.max(0, Math.min(from, to)),
  Math.min(count, Math.max(from, to) + 1)
]

/** The places that a filter without text lets through. */
export const placesNow = (chronicle: Chronicle, filter: Filter): Uint32Array => {
  const found: Array<number> = []
  const [start, end] = rangeOf(chronicle, filter)
  scan(chronicle, filter, start, end, found)
  return Uint32Array.from(found)
}

/** The same for one with text, slice by slice; undefined once `isStopped` says so. `pause` lets the page do something else. */
export const placesLater = async (
  chronicle: Chronicle,
  filter: Filter,
  isStopped: () => boolean,
  pause: () => Promise<void>
): Promise<Uint32Array | undefined> => {
  const found: Array<number> = []
  const [start, end] = rangeOf(chronicle, filter)
  for (let at = start; at < end; at += sliceEvents) {
    if (isStopped()) return undefined
    scan(chronicle, filter, at, Math.min(end, at + sliceEvents), found)
    await pause()
  }
  return isStopped() ? undefined : Uint32Array.from(found)
}

/** Where `place` is among ascending places: the index of the last one that is not after it; -1 if all are. */
export const indexUpTo = (places: Uint32Array, place: number): number => {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] ?? 0) <= place) low = middle + 1
    else high = middle
  }
  return low - 1
}
