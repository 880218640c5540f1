/** A journal whose readers give the event loop a turn with every page: a long one can be interrupted while it is read. */
import { Journal } from "@stopcopy/runtime"
import { type Context, Effect, Stream } from "effect"
import { eventLoopTurn } from "./EventLoop.ts"

const turning = <A, E>(pages: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  Stream.mapChunksEffect(pages, (page) => Effect.as(eventLoopTurn, page))

/** The journal with a turn for every page of events or batches. */
export const withTurns = (journal: Context.Tag.Service<Journal>): Context.Tag.Service<Journal> => ({
  ...journal,
  events: (after) => turning(journal.events(after)),
  eventsOf: (stream) => turning(journal.eventsOf(stream)),
  batches: (after) => turning(journal.batches(after))
})

/** `reading` with a turn for every page of events or batches. */
export const withJournalTurns = <A, E, R>(reading: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Journal> =>
  Effect.updateService(reading, Journal, withTurns)
