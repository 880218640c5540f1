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
import { ActorSystem, type Journal } from "@stopcopy/runtime"
import { type Context, Deferred, Effect, Option, type Scope } from "effect"
import { Fuse, type When } from "./Fuse.ts"
import { inProcess, newJournal } from "./Life.ts"
import { order as group, type World } from "./World.ts"

/** No pauses worth mentioning. */
const patience = { tries: 3, pause: 0, again: 0 }

/** A coordinator for many migrations. Its process ends with the fuse; the next one finds a migration in the journal alone. */
export interface Office {
  readonly newId: () => string
  readonly conductor: Conductor
  readonly fuse: Fuse
  readonly journal: Context.Tag.Service<Journal>
  /** The next process, as far as this migration goes. */
  readonly startAgain: (id: string) => Effect.Effect<void>
}

export const makeOffice = (options: ConductorOptions = {}): Effect.Effect<Office, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fuse = new Fuse()
    const conducting = makeConductor({ ...options, patience: { ...patience, ...options.patience } })
    const journal = yield* newJournal
    const [conductor, system] = yield* inProcess(journal, fuse)(Effect.all([conducting, ActorSystem]))
    let count = 0
    return {
      newId: () => `migration-${++count}`,
      conductor,
      fuse,
      journal,
      startAgain: (id) => {
        fuse.arm(undefined, "before")
        return system.restart(`migration/${id}`)
      }
    }
  })

/** One life of the coordinator: it conducts the migration in a fiber that nobody waits for, as a process would. */
const live = ({ conductor, fuse }: Office, world: World, id: string, order: Order) =>
  Effect.gen(function* () {
    const died = yield* Deferred.make<void>()
    const ended = yield* Deferred.make<Migration, unknown>()
    world.coordinatorDied = died
    const work = Effect.zipRight(conductor.submit(id, order), conductor.conduct(id))
    yield* Effect.provideService(work, Agents, yield* world.agents).pipe(
      Effect.exit,
      Effect.flatMap((exit) => (fuse.blown ? Deferred.succeed(died, undefined) : Deferred.done(ended, exit))),
      Effect.forkDaemon
    )
    return { died, ended }
  })

/** Whatever can be done is done, and something is left. */
const isStuck = (state: Migration): boolean => isInDoubt(state) && state.lanes.every(({ doubt }) => doubt !== null)

/** What a run may do besides conducting. */
interface Script {
  /** Ends the coordinator's first life. */
  readonly ends?: { readonly at: number; readonly when: When } | undefined
  /** In doubt the sides are whole again; otherwise an operator takes this one of the possible verdicts. */
  readonly inDoubt?: "heal" | "first" | "last"
  readonly order?: Order
  readonly id?: string
}

/** Conducts to the end, through deaths and doubts. */
export const runToEnd = (
  office: Office,
  world: World,
  { ends, id = office.newId(), inDoubt = "heal", order = group }: Script = {}
) =>
  Effect.gen(function* () {
    const { conductor } = office
    office.fuse.arm(ends?.at, ends?.when ?? "before")
    let life = yield* live(office, world, id, order)
    let [doubts, choices] = [0, 0]
    for (;;) {
      const { died, ended } = life
      // What healed may be in doubt for a moment more; what an operator has said may lead into another doubt.
      const doubt =
        doubts > 0 && inDoubt === "heal" ? Effect.never : Effect.as(conductor.until(id, isStuck), "doubt" as const)
      const dead = Effect.as(Deferred.await(died), "died" as const)
      const found = yield* Effect.raceFirst(Effect.raceFirst(dead, Deferred.await(ended)), doubt)
      if (found === "died") {
        yield* office.startAgain(id)
        life = yield* live(office, world, id, order)
      } else if (found === "doubt") {
        doubts++
        yield* world.check
        if (inDoubt === "heal") yield* world.healAll
        else {
          const state = yield* conductor.state(id)
          const possible = resolutions(state)
          const { verdict } = Option.getOrThrow(Option.fromNullable(possible.at(inDoubt === "first" ? 0 : -1)))
          choices = Math.max(choices, possible.length)
          // Whoever vouches for a side has seen to it.
          yield* world.fenceByHand(verdict === "source" ? "destination" : "source", state.epochs?.again ?? 0)
          yield* conductor.resolve(id, verdict, "a test")
        }
      } else return { state: found, doubts, choices }
    }
  })
