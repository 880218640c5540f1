/** Keeps as much history as the settings say: ends periods when they are over, takes out what is not needed any more. What cannot be done now is tried again. */
import { behavior as fleet } from "@stopcopy/fleet"
import { behavior as migration } from "@stopcopy/migration"
import { ActorSystem, Compaction, Journal, type JournalError, Replay, Supervision } from "@stopcopy/runtime"
import { Clock, Duration, Effect } from "effect"
import { behavior as wish } from "../migrations/Wish.ts"
import { behavior as request } from "../requests/Answered.ts"
import { behavior as keeping, untilEnd } from "./Keeping.ts"

/** Everything that this service writes into its journal. */
const known: Replay.Registry = Replay.registry(
  Replay.replayable(fleet),
  Replay.replayable(migration),
  Replay.replayable(wish),
  Replay.replayable(request),
  Replay.replayable(keeping),
  Replay.replayable(Supervision.behavior)
)

const id = "main"
/** The pause before what could not be done is tried again, and how long a timer may be at most. */
const again = "1 hour"

const keeper = Effect.flatMap(ActorSystem, (system) => system.actor(keeping, id))

/** Takes out what the state says is not needed. */
const remove = Effect.gen(function* () {
  const [actor, journal] = [yield* keeper, yield* Journal]
  const { removable } = yield* actor.state
  if (removable === null) return
  yield* journal.removeBefore(removable)
  yield* actor.ask({ _tag: "NoteRemoved", batch: removable }, { durability: "durable" })
  yield* Effect.logInfo(`the journal's history before batch ${removable} is taken out; the last states of it are kept`)
})

/** Ends the period if it is over, and takes out what may go. Gives the milliseconds until the next look. */
export const keepHistory = (
  periodMillis: number
): Effect.Effect<number, { readonly message: string }, ActorSystem | Journal> =>
  Effect.gen(function* () {
    const [actor, journal] = [yield* keeper, yield* Journal]
    // An empty journal has no history that a period could end with.
    if ((yield* journal.head()).sequence === 0) return periodMillis
    const now = yield* Clock.currentTimeMillis
    const before = yield* actor.state
    if (untilEnd(before, periodMillis, now) === 0) {
      const batch = yield* Compaction.writeBases(known)
      yield* actor.ask({ _tag: "EndPeriod", batch, at: now }, { durability: "durable" })
    }
    yield* remove
    return untilEnd(yield* actor.state, periodMillis, now)
  })

/** For as long as the service runs. 0 days: everything is kept, and nothing is done. */
export const keepingHistory = (days: number): Effect.Effect<void, never, ActorSystem | Journal> => {
  if (days === 0) return Effect.void
  const turn = keepHistory(Duration.toMillis(Duration.days(days))).pipe(
    Effect.catchAll(({ message }: JournalError | { readonly message: string }) =>
      Effect.as(Effect.logError(`the journal's history is kept as it is for now: ${message}`), Duration.toMillis(again))
    ),
    // A timer has 31 bits of milliseconds.
    Effect.flatMap((millis) => Effect.sleep(Math.min(millis, Duration.toMillis(again))))
  )
  return Effect.forever(turn)
}
