/**
 * Carries out what the fleet gives out: starts attempts when there is room, drives each to its end, tells the fleet how it ended. What ran when a coordinator
 * died is taken up by the next one, from the journal.
 */
import type { ApiError } from "@stopcopy/coordinator-api"
import type { Migration as Queued } from "@stopcopy/fleet"
import {
  Agents,
  type Conductor,
  type Downtime,
  makeConductor,
  type Migration,
  MigrationDenied,
  type Patience
} from "@stopcopy/migration"
import { ActorSystem, type JournalError } from "@stopcopy/runtime"
import { Clock, Context, Effect, FiberMap, Layer, Random, Schedule } from "effect"
import { FleetActor, type FleetActorService } from "../fleet/FleetActor.ts"
import { recordEnd } from "../metrics/fleet.ts"
import { attemptId, orderOf } from "./attempts.ts"
import { Downtimes, historyLimit } from "./Downtimes.ts"
import { outcomeOf } from "./outcomes.ts"
import { behavior as wish } from "./Wish.ts"

/** When the journal takes nothing, or a migration broke: the pause before it is taken up again. */
const again = "5 seconds"
/** How long migrations whose guest stands still are waited for when the service ends. */
const switchoverGrace = "30 seconds"

export interface RunningService {
  readonly conductor: Conductor
  /** Turns back what runs, where that is still possible; where it is not, it goes on. */
  readonly turnBack: (migration: string, reason: string) => Effect.Effect<void, ApiError>
}

interface Tools {
  readonly fleet: FleetActorService
  readonly system: ActorSystem["Type"]
  readonly conductor: Conductor
  readonly downtimes: Downtimes
}

/** From the order to the end of one attempt. */
const carryOut = ({ conductor, downtimes, fleet, system }: Tools, migration: Queued) =>
  Effect.gen(function* () {
    const { attempt, id } = migration
    const actor = attemptId(id, attempt)
    const { whenOver } = yield* Effect.flatMap(system.actor(wish, id), (wished) => wished.state)
    const order = orderOf(migration, whenOver)
    if (order === undefined) return
    yield* conductor.submit(actor, order)
    const now = (yield* fleet.state).migrations.find((one) => one.id === id)
    if (now?.cancelling === true) {
      // Denied: it has come too far, or has ended. Anything else is a failure of the journal, and nothing goes on over that.
      yield* Effect.catchTag(
        conductor.cancel(actor, "it was cancelled before it began"),
        "MigrationDenied",
        () => Effect.void
      )
    }
    const ended: Migration = yield* conductor.conduct(actor)
    if (ended.downtime !== null && ended.phase === "completed") downtimes.add(ended.downtime)
    const random = yield* Random.next
    yield* fleet.ask((at) => ({ _tag: "End", migration: id, attempt, outcome: outcomeOf(ended), random, at }))
    yield* recordEnd(ended)
    yield* Effect.annotateLogs(Effect.logInfo(`migration ${id} ${ended.phase}`), { migration: id, attempt })
  }).pipe(
    Effect.tapErrorCause((cause) =>
      Effect.logError(`migration ${migration.id} is interrupted, and is taken up again`, cause)
    ),
    Effect.retry(Schedule.spaced(again)),
    Effect.ensuring(fleet.kick),
    Effect.withSpan("migration", { attributes: { migration: migration.id, attempt: migration.attempt } })
  )

type Fibers = FiberMap.FiberMap<string>
type Begin = (migration: Queued) => Effect.Effect<void>

/** Gives out what may start, again and again: after each kick, and when a pause ends. */
const scheduling = (fleet: FleetActorService, begin: Begin): Effect.Effect<never> =>
  Effect.gen(function* () {
    yield* fleet.kicked
    // Not durably: the order of each attempt is, and everything before it with it.
    const answer = yield* fleet.alone(fleet.note((at) => ({ _tag: "Schedule", at })))
    if (answer._tag !== "Scheduled") return
    for (const { migration } of answer.starts) yield* begin(migration)
    const { wakeAt } = answer
    if (wakeAt === null) return
    const now = yield* Clock.currentTimeMillis
    const waking = Effect.zipRight(Effect.sleep(Math.max(0, wakeAt - now)), fleet.kick)
    yield* Effect.raceFirst(waking, Effect.zipRight(fleet.kicked, fleet.kick))
  }).pipe(
    Effect.catchAll((error) =>
      Effect.zipRight(
        Effect.logError(`nothing is started: ${error.message}`),
        Effect.zipRight(Effect.sleep(again), fleet.kick)
      )
    ),
    Effect.forever
  )

/** Guests that stand still are not left so: their migrations are waited for. */
const leave = ({ conductor, fleet }: Tools): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { migrations } = yield* fleet.state
    const running = migrations.filter(({ phase }) => phase === "running")
    yield* Effect.forEach(
      running,
      ({ attempt, id }) =>
        conductor.until(attemptId(id, attempt), ({ phase }) => phase !== "switchover" && phase !== "finishing"),
      { concurrency: "unbounded", discard: true }
    )
  }).pipe(
    Effect.timeout(switchoverGrace),
    Effect.catchAll((error) => Effect.logWarning(`a migration stays in its switchover: ${String(error)}`))
  )

const isDenied = (error: MigrationDenied | JournalError): error is MigrationDenied => error instanceof MigrationDenied

const turnBackOf =
  ({ conductor, fleet }: Tools): RunningService["turnBack"] =>
  (id, reason) =>
    Effect.gen(function* () {
      const migration = (yield* fleet.state).migrations.find((one) => one.id === id)
      if (migration === undefined) return
      yield* Effect.asVoid(conductor.cancel(attemptId(id, migration.attempt), reason)).pipe(
        Effect.catchAll((error) =>
          Effect.logWarning(`migration ${id} is not turned back: ${error.message}`, { denied: isDenied(error) })
        )
      )
    })

export class Running extends Context.Tag("@stopcopy/coordinator/Running")<Running, RunningService>() {
  /** `patience`: how long and how often agents are called; none: as `@stopcopy/migration` has it. */
  static readonly layer = (
    patience: Partial<Patience> = {}
  ): Layer.Layer<Running, ApiError | JournalError, ActorSystem | FleetActor | Agents> =>
    Layer.scoped(
      Running,
      Effect.gen(function* () {
        const [system, fleet, agents] = [yield* ActorSystem, yield* FleetActor, yield* Agents]
        const downtimes = new Downtimes()
        const history: Effect.Effect<ReadonlyArray<Downtime.Downtime>> = Effect.sync(() => downtimes.all)
        const tools: Tools = { system, fleet, downtimes, conductor: yield* makeConductor({ history, patience }) }
        const fibers: Fibers = yield* FiberMap.make<string>()
        const begin: Begin = (migration) =>
          Effect.asVoid(
            FiberMap.run(fibers, migration.id, Effect.provideService(carryOut(tools, migration), Agents, agents))
          )
        const { finished, migrations } = yield* fleet.state
        const completed = finished.filter(({ outcome }) => outcome === "completed")
        for (const { attempts, id } of completed.slice(-historyLimit)) {
          const { downtime } = yield* tools.conductor.state(attemptId(id, attempts))
          if (downtime !== null) downtimes.add(downtime)
        }
        for (const migration of migrations) if (migration.phase === "running") yield* begin(migration)
        yield* Effect.addFinalizer(() => leave(tools))
        yield* Effect.forkScoped(scheduling(fleet, begin))
        return { conductor: tools.conductor, turnBack: turnBackOf(tools) }
      })
    )
}
