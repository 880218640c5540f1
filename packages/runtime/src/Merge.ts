/**
 * The streams of an actor read as one, in global order. They are read one after the other, and others may append in between: so nothing behind
 * the end of the journal at the beginning of a pass is given out in it, and what streams there are is read behind that end.
 */
import { Effect, Either } from "effect"
import { runCursor, streamCursor } from "./Cursor.ts"
import type { Cursor } from "./Cursor.ts"
import { pageRecords } from "./Envelope.ts"
import type { Recorded } from "./Envelope.ts"
import type { JournalDriver } from "./JournalDriver.ts"
import type { ReadError } from "./JournalError.ts"
import { flatMapNow, isNow, mapNow } from "./Now.ts"

/** What a merge looks at. */
interface Placed {
  readonly sequence: number
  readonly version: number
}

/** One stream's part of a merge: its cursor and the events fetched but not yet given out. */
interface Part<A> {
  readonly cursor: Cursor<A>
  page: ReadonlyArray<A>
  at: number
  /** Version of the last event fetched. */
  fetched: number
  /** Version that the stream has reached at the end of this pass, at least. */
  last: number
}

const isWanting = <A>({ at, fetched, last, page }: Part<A>): boolean => at === page.length && fetched < last

const fetch = <A extends Placed>(part: Part<A>): Effect.Effect<void, ReadError> =>
  mapNow(part.cursor.next(), (page) => {
    part.page = page
    part.at = 0
    // What its own page does not reach is not there any more.
    part.fetched = page.at(-1)?.version ?? part.last
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

/** Events up to sequence `end` in global order, into `events`, until a page is full or a part has to be fetched. */
const drainInto = <A extends Placed>(
  parts: ReadonlyArray<Part<A>>,
  end: number,
  events: Array<A>
): Part<A> | undefined => {
  while (events.length < pageRecords) {
    const wanting = parts.find(isWanting)
    if (wanting !== undefined) return wanting
    const first = earliest(parts)
    const event = first?.page[first.at]
    if (first === undefined || event === undefined || event.sequence > end) return undefined
    first.at++
    events.push(event)
  }
  return undefined
}

/** Most actors have one stream: its pages are given out as they are. */
const drainOne = <A extends Placed>(part: Part<A>, end: number): ReadonlyArray<A> => {
  const { at, page } = part
  const past = (page.at(-1)?.sequence ?? 0) > end ? page.findIndex(({ sequence }) => sequence > end) : page.length
  part.at = Math.max(at, past)
  return at === 0 && past === page.length ? page : page.slice(at, part.at)
}

const merged = <A extends Placed>(
  parts: ReadonlyArray<Part<A>>,
  end: number
): Effect.Effect<ReadonlyArray<A>, ReadError> => {
  const [only] = parts
  if (only !== undefined && parts.length === 1) {
    return isWanting(only) ? mapNow(fetch(only), () => drainOne(only, end)) : Either.right(drainOne(only, end))
  }
  const events: Array<A> = []
  const step = (): Effect.Effect<ReadonlyArray<A>, ReadError> => {
    for (;;) {
      const wanting = drainInto(parts, end, events)
      if (wanting === undefined) return Either.right(events)
      const fetched = fetch(wanting)
      if (!isNow(fetched)) return Effect.flatMap(fetched, step)
      if (Either.isLeft(fetched)) return Either.left(fetched.left)
    }
  }
  return step()
}

class Family<A extends Placed> implements Cursor<A> {
  private readonly driver: JournalDriver
  private readonly stream: string
  private readonly after: ReadonlyMap<string, number>
  private readonly open: (stream: string, after: number) => Cursor<A>
  private readonly parts = new Map<string, Part<A>>()
  /** Nothing behind this sequence is given out. */
  private end = 0

  constructor(
    driver: JournalDriver,
    stream: string,
    after: ReadonlyMap<string, number>,
    open: (stream: string, after: number) => Cursor<A>
  ) {
    this.driver = driver
    this.stream = stream
    this.after = after
    this.open = open
  }

  next(): Effect.Effect<ReadonlyArray<A>, ReadError> {
    return flatMapNow(this.page(), (events) =>
      events.length > 0
        ? Either.right(events)
        : flatMapNow(this.grown(), (has) => (has ? this.page() : Either.right([])))
    )
  }

  private page(): Effect.Effect<ReadonlyArray<A>, ReadError> {
    return merged([...this.parts.values()], this.end)
  }

  /** Begins another pass; false if the journal has no more than in the last one. */
  private grown(): Effect.Effect<boolean, ReadError> {
    return flatMapNow(this.driver.head(), ({ sequence }) => {
      if (sequence <= this.end) return Either.right(false)
      return mapNow(this.driver.streams(this.stream), (streams) => {
        this.end = sequence
        for (const { stream, version } of streams) this.partOf(stream).last = version
        return true
      })
    })
  }

  private partOf(stream: string): Part<A> {
    const known = this.parts.get(stream)
    if (known !== undefined) return known
    const after = this.after.get(stream) ?? 0
    const made: Part<A> = { cursor: this.open(stream, after), page: [], at: 0, fetched: after, last: after }
    this.parts.set(stream, made)
    return made
  }
}

/**
 * The events of an actor: its own stream and those it owns, in global order. `after` gives the version of a stream after which to begin; 0 for
 * those it does not name.
 */
export const actorCursor = (driver: JournalDriver, stream: string, after: ReadonlyMap<string, number>): Cursor =>
  new Family(driver, stream, after, (each, from) => streamCursor(driver, each, from))

/** The same, without what a fold does not need. */
export const foldCursor = (
  driver: JournalDriver,
  stream: string,
  after: ReadonlyMap<string, number>
): Cursor<Recorded> => new Family(driver, stream, after, (each, from) => runCursor(driver, each, from))
