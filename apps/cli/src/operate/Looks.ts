/**
 * Looks at something that changes: at once, when an event says so, and every second besides. Events only say when to look: what is shown is always what the
 * coordinator answers, so nothing is missed between the first answer and the first event, or without events.
 */
import { Duration, Effect, Schedule, Stream } from "effect"
import type { CallError } from "./Explain.ts"

const every = Duration.seconds(1)
/** Between two looks, however much happens. */
const pause = Duration.millis(100)

/** How long a coordinator that is started anew, or whose line is cut, is waited for: tries, each after a pause. */
const patience = Schedule.intersect(Schedule.spaced("500 millis"), Schedule.recurs(60))

/** It did not answer; what was asked about goes on without it, or will when it is back. */
const isTransient = ({ _tag }: CallError): boolean =>
  _tag === "RequestError" || _tag === "Unavailable" || _tag === "TooManyRequests"

interface Looking<A, R> {
  /** What is known of it already. */
  readonly first: A
  readonly look: Effect.Effect<A, CallError>
  /** A stream of them that fails is done without. */
  readonly events: Stream.Stream<unknown, unknown>
  readonly isLast: (answer: A) => boolean
  /** What is done with every answer. */
  readonly each: (answer: A) => Effect.Effect<void, never, R>
}

/** Ends with the answer that is the last one, and gives it. */
export const lookUntil = <A, R>({
  each,
  events,
  first,
  isLast,
  look
}: Looking<A, R>): Effect.Effect<A, CallError, R> => {
  if (isLast(first)) return Effect.as(each(first), first)
  const occasions = Stream.mergeAll(
    [Stream.void, Stream.catchAll(events, () => Stream.empty), Stream.fromSchedule(Schedule.spaced(every))],
    { concurrency: "unbounded" }
  )
  const patient = Effect.delay(Effect.retry(look, { schedule: patience, while: isTransient }), pause)
  return occasions.pipe(
    Stream.buffer({ capacity: 1, strategy: "sliding" }),
    Stream.mapEffect(() => patient),
    Stream.tap(each),
    Stream.takeUntil(isLast),
    Stream.runFold(first, (_, answer) => answer),
    (rest) => Effect.zipRight(each(first), rest)
  )
}
