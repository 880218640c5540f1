/**
 * Reading a journal page by page: single events out of stored records, globally or of one actor in global order. Pages are
 * fetched when asked for, so an append between two pages disturbs nothing. Over a synchronous driver a page is an `Either`.
 */
import { Effect, Either } from "effect"
import type { Envelope } from "./Envelope.ts"
import { eventsOf, pageRecords } from "./Envelope.ts"
import type { JournalDriver } from "./JournalDriver.ts"
import type { ReadError } from "./JournalError.ts"
import { isNow, mapNow } from "./Now.ts"

/** A place in a journal. `next` gives the events after it, oldest first, and moves on; empty when there are none now. */
export interface Cursor {
  readonly next: () => Effect.Effect<ReadonlyArray<Envelope>, ReadError>
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

/** One stream's part of a merge: its cursor and the events fetched but not yet given out. */
interface Part {
  readonly cursor: Cursor
  page: ReadonlyArray<Envelope>
  at: number
  ended: boolean
}

const fetch = (part: Part): Effect.Effect<void, ReadError> =>
  mapNow(part.cursor.next(), (page) => {
    part.page = page
    part.at = 0
    part.ended = page.length === 0
  })

/** The part whose next event comes first; undefined when all are at their end. Every part has a page. */
const earliest = (parts: ReadonlyArray<Part>): Part | undefined => {
  let first: Part | undefined
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
const drainInto = (parts: ReadonlyArray<Part>, events: Array<Envelope>): Part | undefined => {
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

const merged = (parts: ReadonlyArray<Part>): Effect.Effect<ReadonlyArray<Envelope>, ReadError> => {
  for (const part of parts) part.ended = false
  const events: Array<Envelope> = []
  const step = (): Effect.Effect<ReadonlyArray<Envelope>, ReadError> => {
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

/**
 * The events of an actor: its own stream and those it owns, in global order. The streams are those of this moment. `after`
 * gives the version of a stream after which to begin; 0 for those it does not name.
 */
export const actorCursor = (
  driver: JournalDriver,
  stream: string,
  after: ReadonlyMap<string, number>
): Effect.Effect<Cursor, ReadError> =>
  mapNow(driver.streams(stream), (streams) => {
    const cursors = streams.map((info) => streamCursor(driver, info.stream, after.get(info.stream)))
    const [only] = cursors
    if (only !== undefined && cursors.length === 1) return only
    const parts = cursors.map((cursor): Part => ({ cursor, page: [], at: 0, ended: false }))
    return { next: () => merged(parts) }
  })
