/** What the demo has the coordinator do, one after the other: a migration that is refused, one that is carried out, one that is cancelled, and an evacuation. */
import { type Evacuation, idempotencyHeader, type Migration, type MigrationRequest } from "@stopcopy/coordinator-api"
import { Effect, Fiber, Option, Stream } from "effect"
import { against, blockersLines } from "../operate/Blockers.ts"
import { Coordinator } from "../operate/Coordinator.ts"
import { planLines } from "../operate/EvacuationText.ts"
import type { CallError } from "../operate/Explain.ts"
import { showEvacuation } from "../operate/followEvacuation.ts"
import { showMigration } from "../operate/followMigration.ts"
import type { Live } from "../operate/Live.ts"
import { verdictText } from "../operate/MigrationText.ts"
import { Negative } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"

/** What a step needs: the coordinator, and where it is shown. */
export interface Stage {
  /** Whether all processes are there: if not, nothing is waited for. */
  readonly isWhole: () => boolean
  readonly coordinator: Coordinator["Type"]
  readonly live: Live
}

type Step<A> = Effect.Effect<A, CallError | Negative, Terminal>

/** A migration of one VF. */
interface Wish {
  /** Of the request: the same key is the same migration, and gives it the same id in every run. */
  readonly key: string
  /** `HOST/VF`, as the command line has it. */
  readonly from: string
  readonly to: string
}

const wrong = (message: string): Negative => new Negative({ message })

const split = (place: string): readonly [host: string, device: string] => {
  const slash = place.indexOf("/")
  return [place.slice(0, slash), place.slice(slash + 1)]
}

const requestOf = ({ from, to }: Wish, rest: Partial<MigrationRequest>): MigrationRequest => {
  const [[host, device], [otherHost, otherDevice]] = [split(from), split(to)]
  return {
    from: host,
    devices: [device],
    to: { host: otherHost, devices: [otherDevice], incoming: false },
    priority: 5,
    whenOver: { _tag: "Abort" },
    ...rest
  }
}

const start = ({ coordinator: { client } }: Stage, wish: Wish, rest: Partial<MigrationRequest> = {}) =>
  client.migrations.start({ headers: { [idempotencyHeader]: wish.key }, payload: requestOf(wish, rest) })

const options = { json: false, untilDoubt: true, changes: false }

const shown = ({ coordinator, live }: Stage, migration: Migration) =>
  Effect.provideService(showMigration(migration, options, live), Coordinator, coordinator)

const shownEvacuation = ({ coordinator, live }: Stage, evacuation: Evacuation) =>
  Effect.provideService(showEvacuation(evacuation, { json: false, changes: false }, live), Coordinator, coordinator)

/** How long a migration is waited for that goes back because somebody has interrupted. */
const backTime = "10 seconds"

/** What is done when somebody interrupts, and not because a process has died. In a fiber of its own: nothing of one that is being interrupted can be given up. */
const onInterrupt =
  <R2>({ isWhole }: Stage, last: Effect.Effect<void, never, R2>) =>
  <A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | R2> => {
    const apart = Effect.flatMap(Effect.forkDaemon(Effect.interruptible(last)), Fiber.await)
    return Effect.onInterrupt(step, () => Effect.suspend(() => (isWhole() ? apart : Effect.void)))
  }

/** Whoever interrupts gets a guest that runs: the migration is cancelled, and its end awaited. */
const orCancelled =
  (stage: Stage, { id }: Migration) =>
  <A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const { coordinator, live } = stage
    const path = { id }
    const ended = Stream.runLast(
      Stream.takeUntil(coordinator.events({ migration: id, after: 0 }), ({ type }) => type === "Ended")
    )
    const cancelled = coordinator.client.migrations
      .cancel({ path, payload: { reason: "the demo was interrupted" } })
      .pipe(
        // Behind the commit it is not cancelled, and goes on to its end.
        Effect.catchTag("Conflict", () => Effect.void),
        Effect.zipRight(ended),
        Effect.zipRight(coordinator.client.migrations.show({ path })),
        Effect.flatMap((migration) => live.say([`interrupted: ${verdictText(migration)}`])),
        Effect.timeout(backTime),
        Effect.catchAll(({ message }) => live.say([`interrupted; what became of ${id} is not known: ${message}`]))
      )
    return onInterrupt(stage, cancelled)(step)
  }

/** Refused before anything is touched, for every reason at once. Gives how many there were. */
export const refused = (stage: Stage, wish: Wish): Step<number> =>
  Effect.gen(function* () {
    const asked = yield* Effect.either(start(stage, wish))
    if (asked._tag === "Right") return yield* wrong(`${wish.to} took ${wish.from}, which it does not fit`)
    if (asked.left._tag !== "Refused") return yield* Effect.fail(asked.left)
    const { refusals } = asked.left
    yield* stage.live.say([`refused: ${against(refusals)}, and nothing was touched`, ...blockersLines(refusals)])
    return refusals.length
  })

/** From its beginning to its end, with its progress. */
export const moved = (stage: Stage, wish: Wish): Step<Migration> =>
  Effect.gen(function* () {
    const begun = yield* start(stage, wish)
    const ended = yield* orCancelled(stage, begun)(shown(stage, begun))
    return ended.phase === "completed" ? ended : yield* wrong(`${ended.id} ${verdictText(ended)}`)
  })

/** So long it may wait for a better moment. */
const patienceMillis = 60_000

/** A limit that no migration keeps: it waits in PRE_COPY until it is cancelled there. Needs a forecast, and so a migration before it. */
export const cancelled = (stage: Stage, wish: Wish): Step<Migration> =>
  Effect.gen(function* () {
    const { coordinator, live } = stage
    const limits = { downtimeLimitMillis: 1, whenOver: { _tag: "Wait", millis: patienceMillis } } as const
    const begun = yield* start(stage, wish, limits)
    const { id } = begun
    const waiting = coordinator.events({ migration: id, after: 0 }).pipe(
      Stream.filter(({ type }) => type === "Deferred" || type === "Ended"),
      Stream.runHead
    )
    const cancel = Effect.gen(function* () {
      const seen = yield* waiting
      if (Option.getOrUndefined(seen)?.type !== "Deferred") return
      yield* live.say([
        `it waits in PRE_COPY for a better moment; it is cancelled, as by: ${coordinator.command(`cancel ${id}`)}`
      ])
      yield* coordinator.client.migrations.cancel({ path: { id }, payload: { reason: "to show how" } })
    })
    const both = Effect.all([shown(stage, begun), cancel], { concurrency: 2 })
    const [ended] = yield* orCancelled(stage, begun)(both)
    return ended.phase === "cancelled" ? ended : yield* wrong(`${id} was to be cancelled: ${verdictText(ended)}`)
  })

/** The plan, then its execution. Gives the migrations that it was. */
export const evacuated = (stage: Stage, host: string, expected: number): Step<ReadonlyArray<Migration>> =>
  Effect.gen(function* () {
    const { coordinator, live } = stage
    const { client } = coordinator
    const plan = yield* client.evacuations.plan({ payload: { host } })
    yield* live.say(planLines(plan))
    const headers = { [idempotencyHeader]: "stopcopy-demo-evacuated" }
    const begun = yield* client.evacuations.start({ headers, payload: { host, priority: 5 } })
    const ended = yield* onInterrupt(stage, calledOff(stage, begun))(shownEvacuation(stage, begun))
    if (ended.completed !== expected) {
      return yield* wrong(`the evacuation of ${host} moved ${ended.completed} of ${expected} VFs`)
    }
    const { migrations } = yield* client.migrations.list({ urlParams: { evacuation: ended.id, limit: 100 } })
    return yield* Effect.forEach(migrations.toReversed(), ({ id }) => client.migrations.show({ path: { id } }))
  })

/** What has moved stays moved; what runs goes back, or to its end, and is waited for. */
const calledOff = (stage: Stage, { id }: Evacuation): Effect.Effect<void, never, Terminal> => {
  const { coordinator, live } = stage
  return coordinator.client.evacuations.cancel({ path: { id } }).pipe(
    Effect.flatMap((evacuation) => shownEvacuation(stage, evacuation)),
    Effect.zipRight(live.say(["interrupted; what has moved stays on the other host"])),
    Effect.timeout(backTime),
    Effect.catchAll(({ message }) => live.say([`interrupted; what became of ${id} is not known: ${message}`]))
  )
}
