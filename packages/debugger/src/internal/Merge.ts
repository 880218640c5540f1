/**
 * Several sources as one order: by time; an item never before the event that led to it, also in another source; then by the
 * order of the sources. Within a source the order stays. Every source is read in pages.
 *
 * M1 An item waits for its cause only while the cause is still to come: a cause that no source has, and a cycle (damaged
 *    ids), hold nothing up.
 */
import type { BatchContext, ReadError } from "@stopcopy/runtime"
import { Chunk, Effect, Option, Stream } from "effect"
import type { Scope } from "effect"
import { causeOf } from "../Causation.ts"
import type { Source } from "../Source.ts"
import { nextPage } from "./Pulled.ts"
import type { Pull } from "./Pulled.ts"

/** What can be merged: a batch or an event, with the sequence of its first event. */
export interface Mergeable extends BatchContext {
  readonly first: number
}

/** An item of a source. */
export interface Merged<A> {
  readonly source: Source
  readonly item: A
}

/** One source's part: the page being given out, and how to get the next. */
interface Part<A> {
  readonly source: Source
  readonly pull: Pull<A>
  page: ReadonlyArray<A>
  at: number
  ended: boolean
}

const opened = <A>(source: Source, items: Stream.Stream<A, ReadError>): Effect.Effect<Part<A>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(items), (pull) => ({ source, pull, page: [], at: 0, ended: false }))

/** Gets the next page of a part, which may be empty. */
const fetch = <A>(part: Part<A>): Effect.Effect<void, ReadError> =>
  Effect.map(nextPage(part.pull), (page) => {
    part.page = page ?? []
    part.at = 0
    part.ended = page === undefined
  })

const isEmpty = <A>(part: Part<A>): boolean => part.at >= part.page.length

class Merge<A> {
  private readonly parts: ReadonlyArray<Part<A>>
  private readonly keyOf: (item: A) => Mergeable
  private readonly byJournal: ReadonlyMap<string, Part<A>>

  constructor(parts: ReadonlyArray<Part<A>>, keyOf: (item: A) => Mergeable) {
    this.parts = parts
    this.keyOf = keyOf
    this.byJournal = new Map(parts.map((part) => [part.source.journal.id, part]))
  }

  /** The part to fetch before anything more can be given out. */
  wanting(): Part<A> | undefined {
    return this.parts.find((part) => !part.ended && isEmpty(part))
  }

  /** Items in their order, until a part has to be fetched or all have ended. */
  drain(): ReadonlyArray<Merged<A>> {
    const items: Array<Merged<A>> = []
    while (this.wanting() === undefined) {
      const part = this.next()
      const item = part?.page[part.at]
      if (part === undefined || item === undefined) break
      part.at++
      items.push({ source: part.source, item })
    }
    return items
  }

  private headOf(part: Part<A>): Mergeable | undefined {
    const item = part.page[part.at]
    return item === undefined ? undefined : this.keyOf(item)
  }

  /** The part whose head comes next: the earliest, or what it waits for. */
  private next(): Part<A> | undefined {
    const first = this.earliest()
    const visited = new Set<Part<A>>()
    let part = first
    while (part !== undefined && !visited.has(part)) {
      visited.add(part)
      const cause = this.waitsFor(part)
      if (cause === undefined) return part
      part = cause
    }
    return first
  }

  private earliest(): Part<A> | undefined {
    let first: Part<A> | undefined
    let time = Number.POSITIVE_INFINITY
    for (const part of this.parts) {
      const head = this.headOf(part)
      if (head !== undefined && (first === undefined || head.time < time)) {
        first = part
        time = head.time
      }
    }
    return first
  }

  /** The other part that has yet to give out the cause of this part's head. */
  private waitsFor(part: Part<A>): Part<A> | undefined {
    const cause = causeOf(this.headOf(part)?.causation ?? null)
    if (cause?.journal === undefined) return undefined
    const other = this.byJournal.get(cause.journal)
    const head = other === undefined || other === part ? undefined : this.headOf(other)
    return head !== undefined && head.first <= cause.sequence ? other : undefined
  }
}

const nextItems = <A>(merge: Merge<A>): Effect.Effect<Chunk.Chunk<Merged<A>>, Option.Option<ReadError>> =>
  Effect.gen(function* () {
    for (;;) {
      const wanting = merge.wanting()
      if (wanting === undefined) break
      yield* Effect.mapError(fetch(wanting), Option.some)
    }
    const items = merge.drain()
    return items.length === 0 ? yield* Effect.fail(Option.none()) : Chunk.unsafeFromArray(items)
  })

/** The items that `open` gives for each source, merged. */
export const merged = <A>(
  sources: ReadonlyArray<Source>,
  open: (source: Source) => Stream.Stream<A, ReadError>,
  keyOf: (item: A) => Mergeable
): Stream.Stream<Merged<A>, ReadError> => {
  const [only, ...others] = sources
  if (only === undefined) return Stream.empty
  if (others.length === 0) return Stream.map(open(only), (item) => ({ source: only, item }))
  return Stream.unwrapScoped(
    Effect.map(
      Effect.forEach(sources, (source) => opened(source, open(source))),
      (parts) => {
        const merge = new Merge(parts, keyOf)
        return Stream.repeatEffectChunkOption(nextItems(merge))
      }
    )
  )
}
