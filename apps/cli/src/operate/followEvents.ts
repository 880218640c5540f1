/** Follows the events of a migration or an evacuation to its end. */
import type { Connection, Event } from "@stopcopy/coordinator-api"
import { Deferred, Effect, Stream } from "effect"
import type { Outcome } from "../Outcome.ts"
import { Coordinator } from "./Coordinator.ts"
import * as EvacuationText from "./EvacuationText.ts"
import { type CallError, isApiError } from "./Explain.ts"
import { find, type Found } from "./Found.ts"
import * as Evacuations from "./followEvacuation.ts"
import * as Migrations from "./followMigration.ts"
import { lookUntil } from "./Looks.ts"
import * as MigrationText from "./MigrationText.ts"

interface Following {
  readonly id: string
  /** The sequence after which to begin; undefined: with what happens from now on. */
  readonly after: number | undefined
  readonly show: (event: Event) => Effect.Effect<void>
}

/** Whether it has ended. */
export const hasEnded = (found: Found): boolean =>
  found._tag === "Migration" ? MigrationText.hasEnded(found.migration) : EvacuationText.hasEnded(found.evacuation)

/** What its end means for the command. */
export const ending = (found: Found): Effect.Effect<void, Outcome> =>
  found._tag === "Migration" ? Migrations.ending(found.migration) : Evacuations.ending(found.evacuation)

/** Shows the events that there are. */
export const showEvents = ({ after = 0, id, show }: Following): Effect.Effect<void, CallError, Coordinator> =>
  Effect.flatMap(Coordinator, ({ events }) => Stream.runForEach(events({ migration: id, after, follow: false }), show))

/** Shows events until it has ended, each once, and gives it as it is then. `first`: as it is now. */
export const followEvents = (
  first: Found,
  { after, id, show }: Following
): Effect.Effect<Found, CallError, Coordinator> =>
  Effect.gen(function* () {
    const coordinator = yield* Coordinator
    let start = after
    let shown = -1
    const showOnce = (event: Event) =>
      Effect.suspend(() => {
        if (event.sequence <= shown) return Effect.void
        shown = event.sequence
        return show(event)
      }).pipe(Effect.uninterruptible)
    const onConnection = (connection: Connection) => {
      if (connection._tag === "Open") start ??= connection.after
    }
    const filter = { migration: id, onConnection, ...(after === undefined ? {} : { after }) }
    // A position that is none is told at once; a line that is cut is not: what it lacks is fetched in the end.
    const refused = yield* Deferred.make<never, CallError>()
    const told = Stream.tapError(coordinator.events(filter), (error) =>
      isApiError(error) ? Deferred.fail(refused, error) : Effect.void
    )
    const looking = lookUntil({
      first,
      look: Effect.provideService(find(id), Coordinator, coordinator),
      events: Stream.tap(told, showOnce),
      isLast: hasEnded,
      each: () => Effect.void
    })
    const last = yield* Effect.raceFirst(looking, Deferred.await(refused))
    // That it has ended may be known before its last events have come.
    if (start !== undefined) yield* showEvents({ id, after: Math.max(start, shown), show: showOnce })
    return last
  })
