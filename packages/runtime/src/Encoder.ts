/** Events of one turn as records to append: JSON text, or runs of packed entries, in the streams that the behavior routes them to. */
import type { Behavior, Tagged } from "./Behavior.ts"
import { encodings, maxRunEntries } from "./Envelope.ts"
import { jsonEncoder, lazyJsonEncoder } from "./internal/jsonEncoder.ts"
import type { ExpectedStream, NewRecord } from "./JournalDriver.ts"

/** Events ready to be appended. `packed`: all are entries of runs in the actor's own stream. */
export interface EncodedEvents {
  readonly streams: ReadonlyArray<ExpectedStream>
  readonly records: ReadonlyArray<NewRecord>
  readonly packed: boolean
}

type Encode<Event> = (
  stream: string,
  versionOf: (stream: string) => number,
  events: ReadonlyArray<Event>
) => EncodedEvents

/** A run of packed events, from one place in a turn's events on. */
interface Run {
  readonly count: number
  readonly payload: Uint8Array
}

/** True if the event is of the packed type and in the actor's own stream. It may still not fit the form. */
const isPacked = <State, Command, Event extends Tagged, Answer, Refused>(
  { packing, route }: Behavior<State, Command, Event, Answer, Refused>,
  event: Event
): boolean => event._tag === packing?.type && route(event) === undefined

/** Whether an event will be an entry of a run: it is of the packed type and fits the form. */
export const fitter = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>
): ((event: Event) => boolean) => {
  const { packing } = behavior
  if (packing === undefined) return () => false
  const scratch = new DataView(new ArrayBuffer(packing.entryBytes))
  return (event) => isPacked(behavior, event) && packing.write(event, scratch, 0)
}

/** One past the last event from `start` on that may be in the same run: of the packed type, in the actor's own stream. */
const runEnd = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  events: ReadonlyArray<Event>,
  start: number
): number => {
  let end = start
  for (const event of events.slice(start, start + maxRunEntries)) {
    if (!isPacked(behavior, event)) break
    end++
  }
  return end
}

/** The run that begins at `start`; undefined if that event is not packed, or does not fit the form. */
const runAt = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  events: ReadonlyArray<Event>,
  start: number
): Run | undefined => {
  const { packing } = behavior
  const end = runEnd(behavior, events, start)
  if (packing === undefined || end === start) return undefined
  const bytes = new Uint8Array((end - start) * packing.entryBytes)
  const view = new DataView(bytes.buffer)
  let count = 0
  for (const event of events.slice(start, end)) {
    if (!packing.write(event, view, count * packing.entryBytes)) break
    count++
  }
  return count === 0 ? undefined : { count, payload: bytes.subarray(0, count * packing.entryBytes) }
}

/** The streams that an append touches, in the order in which events reach them. */
class TouchedStreams {
  readonly streams: Array<ExpectedStream> = []
  private readonly versionOf: (stream: string) => number

  constructor(versionOf: (stream: string) => number) {
    this.versionOf = versionOf
  }

  indexOf(stream: string, behavior: string, owner: string | null): number {
    const known = this.streams.findIndex((each) => each.stream === stream)
    if (known >= 0) return known
    return this.streams.push({ stream, behavior, owner, expected: this.versionOf(stream) }) - 1
  }
}

/** How events of `behavior` become records. Throws what the schema says about an event outside it. */
export const encoder = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  lazy: boolean
): Encode<Event> => {
  const toJson = lazy ? lazyJsonEncoder(behavior.event) : jsonEncoder(behavior.event)
  const { name, version: schemaVersion } = behavior
  const one = (stream: string, versionOf: (stream: string) => number, event: Event): EncodedEvents => {
    const route = behavior.route(event)
    const named = route === undefined ? stream : `${stream}/${route.suffix}`
    const identity =
      route === undefined
        ? { stream: named, behavior: name, owner: null, expected: versionOf(named) }
        : { stream: named, behavior: route.behavior, owner: stream, expected: versionOf(named) }
    const record = {
      stream: 0,
      type: event._tag,
      schemaVersion,
      encoding: encodings.json,
      count: 1,
      payload: toJson(event)
    }
    return { streams: [identity], records: [record], packed: false }
  }
  return (stream, versionOf, events) => {
    const [only] = events
    if (only !== undefined && events.length === 1 && only._tag !== behavior.packing?.type) {
      return one(stream, versionOf, only)
    }
    const touched = new TouchedStreams(versionOf)
    const records: Array<NewRecord> = []
    let packed = true
    for (let index = 0; index < events.length; index += records.at(-1)?.count ?? 1) {
      const event = events[index]
      if (event === undefined) break
      const run = runAt(behavior, events, index)
      const route = run === undefined ? behavior.route(event) : undefined
      packed &&= run !== undefined
      records.push({
        stream:
          route === undefined
            ? touched.indexOf(stream, name, null)
            : touched.indexOf(`${stream}/${route.suffix}`, route.behavior, stream),
        type: event._tag,
        schemaVersion,
        encoding: run === undefined ? encodings.json : encodings.packed,
        count: run?.count ?? 1,
        payload: run?.payload ?? toJson(event)
      })
    }
    return { streams: touched.streams, records, packed }
  }
}
