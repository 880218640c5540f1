/** Ways to put commands on actors: a closed loop in each of many fibers, many under way at once, encoded appends without actors. */
import { ActorSystem, Journal } from "@stopcopy/runtime"
import type { Durability } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Array, Effect, Either } from "effect"
import { count, counter, encodedAppend } from "./counter.ts"
import type { Counter } from "./counter.ts"
import { rateOf } from "./measure.ts"
import { inFolder } from "./place.ts"

/** An actor system over the journal in `file`. */
export const systemIn = <A, E>(file: string, use: Effect.Effect<A, E, ActorSystem | Journal>, tapes = false) =>
  Effect.provide(Effect.provide(use, ActorSystem.layer), layerSqlite({ file, tapes }))

/** Actors that have had their first command: their streams are there. */
export const warmActors = (many: number) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const actors: Array<Counter> = []
    for (let index = 0; index < many; index++) {
      const actor = yield* system.actor(counter, `bench-${index}`)
      yield* actor.ask(count(0))
      actors.push(actor)
    }
    return actors
  })

/** Commands on one actor, each after the answer to the one before. */
const loop = (actor: Counter, commands: number, durability: Durability) =>
  Effect.gen(function* () {
    for (let by = 0; by < commands; by++) yield* actor.ask(count(by), { durability })
  })

/** Every actor has its own fiber, which asks again when it is answered. */
const closedLoops = (actors: ReadonlyArray<Counter>, commandsEach: number, durability: Durability) =>
  Effect.forEach(actors, (actor) => loop(actor, commandsEach, durability), { concurrency: "unbounded", discard: true })

/** Commands per second of `actors` in closed loops over a journal in a file. */
export const closedLoopRate = (many: number, commandsEach: number, durability: Durability) =>
  inFolder((file) =>
    systemIn(
      file,
      Effect.flatMap(warmActors(many), (actors) =>
        rateOf(many * commandsEach, closedLoops(actors, commandsEach, durability))
      )
    )
  )

/** `commands` on the actors, `atOnce` in each `askAll`, all actors at the same time; done when the last one is durable. */
export const sustained = (actors: ReadonlyArray<Counter>, commands: number, atOnce: number) => {
  const each = commands / actors.length
  const batches = (actor: Counter) =>
    Effect.gen(function* () {
      for (let by = 0; by < each; by += atOnce) {
        const batch = Array.makeBy(Math.min(atOnce, each - by), (index) => count(by + index))
        yield* actor.askAll(batch, { durability: "durable" })
      }
    })
  return Effect.forEach(actors, batches, { concurrency: "unbounded", discard: true })
}

/** The journal alone: appends of many streams, encoded beforehand, all submitted at once; done when the last one is durable. */
export const submittedRate = (commands: number, streams: number) =>
  inFolder((file) =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const requests = Array.makeBy(commands, (by) =>
        encodedAppend(`counter/bench-${by % streams}`, Math.floor(by / streams), by)
      )
      const all = Effect.async<void>((resume) => {
        let open = requests.length
        const done = () => {
          if (--open === 0) resume(Effect.void)
        }
        for (const request of requests) journal.submit(request, done)
      })
      const rate = yield* rateOf(commands, all)
      const { sequence } = yield* journal.head()
      return sequence === commands ? Either.right(rate) : Either.left(`${sequence} of ${commands} events are there`)
    }).pipe(Effect.flatten, Effect.provide(layerSqlite({ file })))
  )
