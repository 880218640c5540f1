/**
 * Reading a journal page by page: single events out of stored records, globally or of one stream (`Merge.ts` has those of an actor). Pages are
 * fetched when asked for, so an append between two pages disturbs nothing. Over a synchronous driver a page is an `Either`.
 */
import type { Effect } from "effect"
import type { Envelope, Recorded } from "./Envelope.ts"
import { encodings, eventsOf, pageRecords, recordedOf } from "./Envelope.ts"
import type { JournalDriver } from "./JournalDriver.ts"
import type { ReadError } from "./JournalError.ts"
import { mapNow } from "./Now.ts"

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
export const runCursor = (driver: JournalDriver, stream: string, after = 0): Cursor<Recorded> => {
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
