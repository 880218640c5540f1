/**
 * Reading a journal page by page: single events out of stored records, globally or of one actor in global order. Pages are
 * fetched when asked for, so an append between two pages disturbs nothing. Over a synchronous driver a page is an `Either`.
 */
import { Effect, Either } from "effect"
import type { Envelope, Recorded } from "./Envelope.ts"
import { encodings, eventsOf, pageRecords, recordedOf } from "./Envelope.ts"
import type { JournalDriver } from "./JournalDriver.ts"
import type { ReadError } from "./JournalError.ts"
import { isNow, mapNow } from "./Now.ts"

/** A place in a journal. `next` gives the events after it, oldest first, and moves on; empty when there are none now. */
export interface Cursor<A = Envelope> {
  readonly next: () => Effect.Effect<ReadonlyArray<A>, ReadError>
}

/** Every event after sequence `after`. */
export const globalCursor = (driver: JournalDriver, after: number): Cursor => {
  let position = after
  const next = () =>
    mapNow(driver.records(position, pageRecords), (records) => {
      const events = records.flatMap((record) => eventsOf(record, position))
      position = events.at(-1)?.sequence ?? position
      return events
    })
  return { next }
}

/** The events of one stream after version `after`, oldest first. */
export const streamCursor = (driver: JournalDriver, stream: string, after = 0): Cursor => {
  let version = after
  const next = () =>
    mapNow(driver.recordsOf(stream, version, pageRecords), (records) => {
      const from = version
      const events = records.flatMap((record) => eventsOf(record).filter((event) => event.version > from))
      version = events.at(-1)?.version ?? version
      return events
    })
  return { next }
}

/** The same, without what a fold does not need. */
const runCursor = (driver: JournalDriver, stream: string, after = 0): Cursor<Recorded> => {
  let version = after
  const next = () =>
    mapNow(driver.runsOf(stream, version, pageRecords), (runs) => {
      const from = version
      const events: Array<Recorded> = []
      for (const run of runs) {
        if (run.count === 1 && run.encoding === encodings.json) events.push(run)
        else for (const event of recordedOf(run, from)) events.push(event)
      }
      version = events.at(-1)?.version ?? version
      return events
    })
  return { next }
}

/** What a merge looks at. */
interface Placed {
  readonly sequence: number
}

/** One stream's part of a merge: its cursor and the events fetched but not yet given out. */
interface Part<A> {
  readonly cursor: Cursor<A>
  page: ReadonlyArray<A>
  at: number
  ended: boolean
}

const fetch = <A>(part: Part<A>): Effect.Effect<void, ReadError> =>
  mapNow(part.cursor.next(), (page) => {
    part.page = page
    part.at = 0
    part.ended = page.length === 0
  })

/** The part whose next event comes first; undefined when all are at their end. Every part has a page. */
const earliest = <A extends Placed>(parts: ReadonlyArray<Part<A>>): Part<A> | undefined => {
  let first: Part<A> | undefined
  let sequence = Number.POSITIVE_INFINITY
  for (const part of parts) {
    const event = part.page[part.at]
    if (event !== undefined && event.sequence < sequence) {
      first = part
      sequence = event.sequence
    }
  }
  return first
}

/** Events of the parts in global order, into `events`, until a page is full or a part has to be fetched. */
const drainInto = <A extends Placed>(parts: ReadonlyArray<Part<A>>, events: Array<A>): Part<A> | undefined => {
  while (events.length < pageRecords) {
    const empty = parts.find((part) => part.at === part.page.length && !part.ended)
    if (empty !== undefined) return empty
    const first = earliest(parts)
    const event = first?.page[first.at]
    if (first === undefined || event === undefined) return undefined
    first.at++
    events.push(event)
  }
  return undefined
}

const merged = <A extends Placed>(parts: ReadonlyArray<Part<A>>): Effect.Effect<ReadonlyArray<A>, ReadError> => {
  for (const part of parts) part.ended = false
  const events: Array<A> = []
  const step = (): Effect.Effect<ReadonlyArray<A>, ReadError> => {
    for (;;) {
      const wanting = drainInto(parts, events)
      if (wanting === undefined) return Either.right(events)
      const fetched = fetch(wanting)
      if (!isNow(fetched)) return Effect.flatMap(fetched, step)
      if (Either.isLeft(fetched)) return Either.left(fetched.left)
    }
  }
  return step()
}

const family = <A extends Placed>(
  driver: JournalDriver,
  stream: string,
  open: (stream: string) => Cursor<A>
): Effect.Effect<Cursor<A>, ReadError> =>
  mapNow(driver.streams(stream), (streams) => {
    const cursors = streams.map((info) => open(info.stream))
    const [only] = cursors
    if (only !== undefined && cursors.length === 1) return only
    const parts = cursors.map((cursor): Part<A> => ({ cursor, page: [], at: 0, ended: false }))
    return { next: () => merged(parts) }
  })

/**
 * The events of an actor: its own stream and those it owns, in global order. The streams are those of this moment. `after`
 * gives the version of a stream after which to begin; 0 for those it does not name.
 */
export const actorCursor = (
  driver: JournalDriver,
  stream: string,
  after: ReadonlyMap<string, number>
): Effect.Effect<Cursor, ReadError> => family(driver, stream, (each) => streamCursor(driver, each, after.get(each)))

/** The same, without what a fold does not need. */
export const foldCursor = (
  driver: JournalDriver,
  stream: string,
  after: ReadonlyMap<string, number>
): Effect.Effect<Cursor<Recorded>, ReadError> =>
  family(driver, stream, (each) => runCursor(driver, each, after.get(each)))
