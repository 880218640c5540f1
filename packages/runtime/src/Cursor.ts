/**
 * Reading a journal page by page: single events out of stored records, globally or of one actor in global order. Pages are
 * fetched when asked for, so an append between two pages disturbs nothing. Synchronous; effects are added in `Journal.ts`.
 */
import { Either } from "effect"
import type { Envelope } from "./Envelope.ts"
import { eventsOf, pageRecords } from "./Envelope.ts"
import type { JournalDriver } from "./JournalDriver.ts"
import type { ReadError } from "./JournalError.ts"

/** A place in a journal. `next` gives the events after it, oldest first, and moves on; empty when there are none now. */
export interface Cursor {
  readonly next: () => Either.Either<ReadonlyArray<Envelope>, ReadError>
}

/** Every event after sequence `after`. */
export const globalCursor = (driver: JournalDriver, after: number): Cursor => {
  let position = after
  const next = () =>
    Either.map(driver.records(position, pageRecords), (records) => {
      const events = records.flatMap((record) => eventsOf(record, position))
      position = events.at(-1)?.sequence ?? position
      return events
    })
  return { next }
}

/** The events of one stream, oldest first. */
export const streamCursor = (driver: JournalDriver, stream: string): Cursor => {
  let version = 0
  const next = () =>
    Either.map(driver.recordsOf(stream, version, pageRecords), (records) => {
      const events = records.flatMap((record) => eventsOf(record)).filter((event) => event.version > version)
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
}

/** The part whose next event comes first; pages are fetched where needed. None when all are at their end. */
const earliest = (parts: ReadonlyArray<Part>): Either.Either<Part | undefined, ReadError> => {
  let first: Part | undefined
  let sequence = Number.POSITIVE_INFINITY
  for (const part of parts) {
    if (part.at === part.page.length) {
      const page = part.cursor.next()
      if (Either.isLeft(page)) return Either.left(page.left)
      part.page = page.right
      part.at = 0
    }
    const event = part.page[part.at]
    if (event !== undefined && event.sequence < sequence) {
      first = part
      sequence = event.sequence
    }
  }
  return Either.right(first)
}

/** The events of an actor: its own stream and those it owns, in global order. The streams are those of this moment. */
export const actorCursor = (driver: JournalDriver, stream: string): Either.Either<Cursor, ReadError> =>
  Either.map(driver.streams(stream), (streams) => {
    const only = streams[0]
    if (only !== undefined && streams.length === 1) return streamCursor(driver, only.stream)
    const parts = streams.map((info): Part => ({ cursor: streamCursor(driver, info.stream), page: [], at: 0 }))
    return { next: () => merged(parts) }
  })

const merged = (parts: ReadonlyArray<Part>): Either.Either<ReadonlyArray<Envelope>, ReadError> => {
  const events: Array<Envelope> = []
  while (events.length < pageRecords) {
    const first = earliest(parts)
    if (Either.isLeft(first)) return Either.left(first.left)
    const event = first.right?.page[first.right.at]
    if (first.right === undefined || event === undefined) break
    first.right.at++
    events.push(event)
  }
  return Either.right(events)
}
