/** The example of the README, compiled and run by the tests. */
// region readme
import type { PfDescription } from "@stopcopy/agent"
import { behavior, type FleetCommand, plan, progress } from "@stopcopy/fleet"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect, Either } from "effect"

/** What a coordinator tells the fleet of a host whose agent it has asked. */
const host = (name: string, pfs: ReadonlyArray<PfDescription>, at: number): ReadonlyArray<FleetCommand> => [
  { _tag: "RegisterHost", host: name, address: `unix:/run/${name}.sock`, at },
  { _tag: "DescribeHost", host: name, name, pfs, at },
  { _tag: "NoteHealth", host: name, reachable: true, reason: "", at }
]

/** Empties `alpha`: plans, queues, and carries out what may start. Time enters as a field of every command. */
export const program = (alpha: ReadonlyArray<PfDescription>, beta: ReadonlyArray<PfDescription>) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const fleet = yield* system.actor(behavior, "main")
    for (const command of [...host("alpha", alpha, 0), ...host("beta", beta, 0)]) yield* fleet.ask(command)

    const planned = Either.getOrThrow(plan(yield* fleet.state, { host: "alpha", pf: null }, 1))
    yield* fleet.ask({ _tag: "Evacuate", evacuation: "e1", host: "alpha", pf: null, priority: 5, at: 1 })
    const answer = yield* fleet.ask({ _tag: "Schedule", at: 2 })
    const starts = answer._tag === "Scheduled" ? answer.starts : []
    for (const { migration } of starts) {
      // Here a migration's own decider and its interpreter do the work, and tell how it ended.
      const outcome = { _tag: "Completed", durationMs: 900, downtimeMs: 12, split: [["drain", 12]] } as const
      const { attempt, id } = migration
      yield* fleet.ask({ _tag: "End", migration: id, attempt, outcome, random: 0, at: 902 })
    }
    return { planned, started: starts.length, left: progress(yield* fleet.state, "e1")?.left }
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(Journal.layerMemory))
// endregion
