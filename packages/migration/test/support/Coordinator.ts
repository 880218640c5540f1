/** Coordinators, whose processes may end: each life has actors of its own over the one journal. */
import {
  Agents,
  type Conductor,
  type ConductorOptions,
  isInDoubt,
  makeConductor,
  type Migration,
  type Order,
  resolutions
} from "@stopcopy/migration"
import type { Journal } from "@stopcopy/runtime"
import { type Context, Deferred, Effect, Option, Scope } from "effect"
import { Fuse } from "./Fuse.ts"
import { inProcess, newJournal } from "./Life.ts"
import { orderOf, type World } from "./World.ts"

/** No pauses worth mentioning. */
const patience = { tries: 3, pause: 0, again: 0 }

/** A coordinator's place. Its process may end; the next one finds a migration in the journal alone. */
export interface Office {
  readonly newId: () => string
  /** Of the present process. */
  conductor: Conductor
  fuse: Fuse
  readonly journal: Context.Tag.Service<Journal>
  /** The next process. */
  readonly startAgain: Effect.Effect<void>
}

/** The coordinator of a world. */
export const makeOffice = (world: World, options: ConductorOptions = {}): Effect.Effect<Office, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const journal = yield* newJournal
    const conducting = makeConductor({ ...options, patience: { ...patience, ...options.patience } })
    const life = Effect.gen(function* () {
      const fuse = new Fuse("coordinator", world.plot)
      return { fuse, conductor: yield* inProcess(journal, fuse)(conducting) }
    }).pipe(Effect.provideService(Scope.Scope, scope))
    let count = 0
    const office: Office = {
      newId: () => `migration-${++count}`,
      ...(yield* life),
      journal,
      startAgain: Effect.map(life, (next) => void Object.assign(office, next))
    }
    return office
  })

/** One life of the coordinator: it conducts the migration in a fiber that nobody waits for, as a process would. */
const live = ({ conductor, fuse }: Office, world: World, id: string, order: Order) =>
  Effect.gen(function* () {
    const ended = yield* Deferred.make<Migration, unknown>()
    const work = Effect.zipRight(conductor.submit(id, order), conductor.conduct(id))
    yield* Effect.provideService(work, Agents, yield* world.agents(fuse)).pipe(
      Effect.exit,
      Effect.flatMap((exit) => (fuse.blown ? Effect.void : Deferred.done(ended, exit))),
      Effect.forkDaemon
    )
    return { died: fuse.ended, ended }
  })

/** Whatever can be done is done, and something is left. */
const isStuck = (state: Migration): boolean => isInDoubt(state) && state.lanes.every(({ doubt }) => doubt !== null)

/** What a run may do besides conducting. */
interface Script {
  /** In doubt the sides are whole again; otherwise an operator takes this one of the possible verdicts. */
  readonly inDoubt?: "heal" | "first" | "last"
  readonly order?: Order
  readonly id?: string
}

/** An operator ends a doubt; gives how many verdicts there were. */
const resolveOne = ({ conductor }: Office, world: World, id: string, which: "first" | "last") =>
  Effect.gen(function* () {
    const state = yield* conductor.state(id)
    const possible = resolutions(state)
    const { verdict } = Option.getOrThrow(Option.fromNullable(possible.at(which === "first" ? 0 : -1)))
    // Whoever vouches for a side has seen to it.
    yield* world.fenceByHand(verdict === "source" ? "destination" : "source", state.epochs?.again ?? 0)
    yield* conductor.resolve(id, verdict, "a test")
    return possible.length
  })

/** Ends when a process of a host does, of those that there are now. */
const hostDied = ({ hosts }: World) => Effect.raceFirst(hosts.source.life.fuse.ended, hosts.destination.life.fuse.ended)

/** Conducts to the end, through deaths and doubts. */
export const runToEnd = (
  office: Office,
  world: World,
  { id = office.newId(), inDoubt = "heal", order = orderOf(world.guests.length) }: Script = {}
) =>
  Effect.gen(function* () {
    let life = yield* live(office, world, id, order)
    let [doubts, choices] = [0, 0]
    for (;;) {
      const { died, ended } = life
      const stuck = Effect.as(office.conductor.until(id, isStuck), "doubt" as const)
      // What healed may be in doubt for a moment more; what an operator has said may lead into another doubt.
      const again = Effect.zipRight(Effect.raceFirst(hostDied(world), world.misses), stuck)
      const doubt = doubts > 0 && inDoubt === "heal" ? again : stuck
      const dead = Effect.as(died, "died" as const)
      const found = yield* Effect.raceFirst(Effect.raceFirst(dead, Deferred.await(ended)), doubt)
      if (found === "died") {
        yield* office.startAgain
        life = yield* live(office, world, id, order)
      } else if (found === "doubt") {
        doubts++
        yield* world.check
        if (inDoubt === "heal") yield* world.healAll
        else choices = Math.max(choices, yield* resolveOne(office, world, id, inDoubt))
      } else return { state: found, doubts, choices }
    }
  })
