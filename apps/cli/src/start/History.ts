/** What a fleet has behind it when somebody looks at it for the first time: guests, two migrations that completed, one that was cancelled. */
import { Effect, type Scope } from "effect"
import { cancelled, moved, type Stage } from "../demo/Steps.ts"
import { verdictText } from "../operate/MigrationText.ts"
import type { Negative } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { busy, calm } from "../world/Guest.ts"
import { downtimeLimitMillis } from "../world/Introduction.ts"
import { addGuest, allowDowntime, populate, type World, type WorldFailed } from "../world/World.ts"

const guests = 4

/** Brings guests to alpha, and moves some. Gives a line for each migration. */
export const begin = (
  world: World,
  stage: Stage
): Effect.Effect<ReadonlyArray<string>, WorldFailed | Negative, Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    yield* populate(world, guests)
    yield* allowDowntime(world, downtimeLimitMillis)
    const move = (number: number) => ({
      key: `stopcopy-start-move-${number}`,
      from: `alpha/a/vf${number}`,
      to: `beta/a/vf${number}`
    })
    const done = [yield* moved(stage, move(0)), yield* moved(stage, move(1)), yield* cancelled(stage, move(2))]
    return done.map((migration) => `${migration.id}: ${verdictText(migration)}`)
  })

/** Brings a guest back to each VF that belongs to one: it boots anew where it was. */
export const goOn = (world: World): Effect.Effect<void, WorldFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const groups = yield* world.coordinator.client.groups.list()
    const homes = groups.flatMap(({ devices, host, name }) => devices.map((device) => ({ name, host, device })))
    for (const [seed, home] of homes.entries()) {
      yield* addGuest(world, { ...home, seed, size: seed === 0 ? busy : calm })
    }
  })
