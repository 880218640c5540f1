/**
 * The interpreter of migrations: performs what the recorded state names, and tells the actor the outcome. What is to be done stands in the journal alone, so a
 * coordinator that comes back conducts the same migration again and goes on where the journal ends.
 */
import { type Actor, ActorSystem, type JournalError, withCausation, withCorrelation } from "@stopcopy/runtime"
import { Duration, Effect } from "effect"
import type { Agents } from "./Agents.ts"
import type { Downtime } from "./Downtime.ts"
import type { MigrationDenied } from "./Failure.ts"
import { nowMicros } from "./Micros.ts"
import { behavior } from "./Migration.ts"
import type { MigrationCommand } from "./MigrationCommand.ts"
import type { Lane, Migration } from "./MigrationState.ts"
import { type Action, next } from "./Next.ts"
import type { Order, Side } from "./Order.ts"
import { defaultPatience, type Patience } from "./Patience.ts"
import { perform, type Tools } from "./Perform.ts"
import { facts, isEnd, type Phase, type Step } from "./Step.ts"

export type MigrationActor = Actor<Migration, MigrationCommand, Phase, MigrationDenied>

export interface ConductorOptions {
  readonly patience?: Partial<Patience>
  /** Downtimes of migrations that completed, for forecasts. Default: none, and no forecast. */
  readonly history?: Effect.Effect<ReadonlyArray<Downtime>>
}

/** Drives migrations. One conductor for one migration at a time. */
export interface Conductor {
  /** Keeps an order *durably*. The same order again is the same answer; another one under this id is denied. */
  readonly submit: (id: string, order: Order) => Effect.Effect<Phase, MigrationDenied | JournalError>
  /** Begins the migration, or takes it up where the journal ends, and carries it to its end. In doubt it does not end before the doubt does. */
  readonly conduct: (id: string) => Effect.Effect<Migration, MigrationDenied | JournalError, Agents>
  /** Turns it back, in any phase before the commit. Denied behind it. */
  readonly cancel: (id: string, reason: string) => Effect.Effect<Phase, MigrationDenied | JournalError>
  /** An operator ends a doubt. `Resolve.resolutions` tells what is possible, and what follows. */
  readonly resolve: (id: string, verdict: Side, by: string) => Effect.Effect<Phase, MigrationDenied | JournalError>
  readonly state: (id: string) => Effect.Effect<Migration, JournalError>
  /** Waits for the first state that this holds for. */
  readonly until: (id: string, holds: (state: Migration) => boolean) => Effect.Effect<Migration, JournalError>
}

type Failed = MigrationDenied | JournalError

const microsPerMilli = 1000

const isNext = (state: Migration, step: Step): boolean => state.lanes.some(({ steps }) => steps[0] === step)

/** How long the guest may still stand. A call that takes longer is not waited for. */
const left = (until: number, now: number): Duration.Duration => Duration.micros(BigInt(Math.max(1, until - now)))

const hurried = (action: Action, now: number, { patience, ...tools }: Tools): Tools => {
  if (action.until === null) return { ...tools, patience }
  return { ...tools, patience: { ...patience, call: Duration.min(patience.call, left(action.until, now)) } }
}

/** Says how late it is when the guest has been standing still for as long as it may. */
const overdue = (until: number): Effect.Effect<MigrationCommand> =>
  Effect.flatMap(nowMicros, (now) =>
    Effect.map(
      Effect.delay(nowMicros, left(until + microsPerMilli, now)),
      (at) => ({ _tag: "CheckClock", at }) as const
    )
  )

/** Performs an action and gives the command that tells of it; none if the step is not wanted any more. */
const performed = (
  actor: MigrationActor,
  action: Action,
  tools: Tools
): Effect.Effect<MigrationCommand | undefined, JournalError, Agents> => {
  const { step, until } = action
  const work = Effect.gen(function* () {
    if (action.again) yield* Effect.sleep(tools.patience.again)
    const began = yield* nowMicros
    const outcome = yield* perform(action, hurried(action, began, tools))
    const ended = yield* nowMicros
    return { _tag: "ReportDone", step, began, ended, outcome } as const
  }).pipe(Effect.catchAll((failure) => Effect.succeed({ _tag: "ReportFailed", step, failure } as const)))
  const unwanted = Effect.as(
    actor.until((state) => !isNext(state, step)),
    undefined
  )
  const inTime = until === null ? work : Effect.raceFirst(work, overdue(until))
  return Effect.raceFirst(inTime, unwanted)
}

/** Drives one lane until it has no steps any more. */
const driveLane = (actor: MigrationActor, lane: Lane["name"], tools: Tools): Effect.Effect<void, Failed, Agents> =>
  Effect.gen(function* () {
    for (;;) {
      const action = next(yield* actor.state).find((one) => one.lane === lane)
      if (action === undefined) return
      const position = yield* actor.position
      const command = yield* withCausation(position)(performed(actor, action, tools))
      if (command === undefined) continue
      const durability = facts[action.step].durable ? "durable" : "written"
      yield* withCausation(position)(actor.ask(command, { durability }))
    }
  })

const drive = (actor: MigrationActor, tools: Tools): Effect.Effect<Migration, Failed, Agents> =>
  Effect.gen(function* () {
    for (;;) {
      const state = yield* actor.state
      if (isEnd(state.phase)) return state
      const lanes = next(state).map(({ lane }) => lane)
      yield* Effect.forEach(lanes, (lane) => driveLane(actor, lane, tools), { concurrency: "unbounded" })
    }
  })

/** A conductor over the actors of this process. */
export const makeConductor = ({ history = Effect.succeed([]), patience = {} }: ConductorOptions = {}): Effect.Effect<
  Conductor,
  never,
  ActorSystem
> =>
  Effect.map(ActorSystem, (system): Conductor => {
    const actorOf = (id: string): Effect.Effect<MigrationActor, JournalError> => system.actor(behavior, id)
    const ask = (id: string, command: MigrationCommand) =>
      withCorrelation(id)(Effect.flatMap(actorOf(id), (actor) => actor.ask(command, { durability: "durable" })))
    const conduct = (id: string) =>
      Effect.gen(function* () {
        const actor = yield* actorOf(id)
        yield* actor.ask({ _tag: "Start" })
        yield* actor.ask({ _tag: "CheckClock", at: yield* nowMicros })
        return yield* drive(actor, { migration: id, patience: { ...defaultPatience, ...patience }, history })
      }).pipe(withCorrelation(id))
    return {
      submit: (id, order) => ask(id, { _tag: "Submit", order }),
      conduct,
      cancel: (id, reason) => ask(id, { _tag: "Cancel", reason }),
      resolve: (id, verdict, by) => ask(id, { _tag: "Resolve", verdict, by }),
      state: (id) => Effect.flatMap(actorOf(id), (actor) => actor.state),
      until: (id, holds) => Effect.flatMap(actorOf(id), (actor) => actor.until(holds))
    }
  })
