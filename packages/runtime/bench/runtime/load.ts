/** Ways to put commands on actors: a closed loop in each of many fibers, many under way at once, encoded appends without actors. */
import { ActorSystem, Journal } from "@stopcopy/runtime"
import type { AppendRequest, Durability } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Array, Effect, Either } from "effect"
import { count, counter, encodedAppend } from "./counter.ts"
import type { Counter } from "./counter.ts"
import { inFolder, rateOf } from "@stopcopy/workbench"

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

/** Every loop in a fiber of its own. */
const together = <A, E>(loops: ReadonlyArray<Effect.Effect<A, E>>) =>
  Effect.all(loops, { concurrency: "unbounded", discard: true })

/** Commands per second of `actors` in closed loops over a journal in a file. */
export const closedLoopRate = (many: number, commandsEach: number, durability: Durability) =>
  inFolder((file) =>
    systemIn(
      file,
      Effect.flatMap(warmActors(many), (actors) =>
        rateOf(many * commandsEach, together(actors.map((actor) => loop(actor, commandsEach, durability))))
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

/** Submits all at once; done when the last one is durable. Dies if the journal refuses one. */
export const submitAll = (requests: ReadonlyArray<AppendRequest>) =>
  Effect.flatMap(Journal, (journal) =>
    Effect.async<void>((resume) => {
      let open = requests.length
      const done = (outcome: Either.Either<unknown, Error>) => {
        if (Either.isLeft(outcome)) resume(Effect.die(outcome.left))
        open -= 1
        if (open === 0) resume(Effect.void)
      }
      for (const request of requests) journal.submit(request, done)
    })
  )

/** The journal alone: appends of many streams, encoded beforehand. */
export const submittedRate = (commands: number, streams: number) =>
  inFolder((file) => {
    const requests = Array.makeBy(commands, (by) =>
      encodedAppend(`counter/bench-${by % streams}`, Math.floor(by / streams), by)
    )
    return Effect.provide(rateOf(commands, submitAll(requests)), layerSqlite({ file }))
  })
