/**
 * Following a journal: every event from a position on, those to come included. One cursor reads everything, so there are no gaps and
 * no duplicates; a signal only says when to look again.
 */
import type { Duration } from "effect"
import { Chunk, Effect, Stream } from "effect"
import type { Cursor } from "./Cursor.ts"
import type { Envelope } from "./Envelope.ts"
import type { ReadError } from "./JournalError.ts"
import type { Signal } from "./Signal.ts"

const waiting = (signal: Signal, seen: number, poll: Duration.DurationInput | undefined): Effect.Effect<void> =>
  poll === undefined ? signal.after(seen) : Effect.raceFirst(signal.after(seen), Effect.sleep(poll))

/** The events that `cursor` gives, now and whenever `signal` is raised, or `poll` has passed. Never ends. */
export const live = (
  cursor: Cursor,
  signal: Signal,
  poll: Duration.DurationInput | undefined
): Stream.Stream<Envelope, ReadError> => {
  const next: Effect.Effect<ReadonlyArray<Envelope>, ReadError> = Effect.suspend(() => {
    const seen = signal.raised
    return Effect.flatMap(cursor.next(), (events) =>
      events.length > 0 ? Effect.succeed(events) : Effect.zipRight(waiting(signal, seen, poll), next)
    )
  })
  return Stream.repeatEffectChunk(Effect.map(next, Chunk.unsafeFromArray))
}
