/** Section: what an idle actor costs in memory. Measured in a process of its own, so that nothing else is in its heap. */
import { ActorSystem } from "@stopcopy/runtime"
import { Effect, Schema } from "effect"
import { memoryUsage } from "node:process"
import { runChild, tell } from "./child.ts"
import { count, counter } from "./counter.ts"
import { systemIn } from "./load.ts"
import { collect, inFolder, type Section } from "@stopcopy/workbench"
import { idleActors } from "./sizes.ts"

const Grown = Schema.Struct({ heapBytes: Schema.Number, residentBytes: Schema.Number })
const decode = Schema.decodeUnknownSync(Grown)

/** Bytes on the heap and in buffers outside it, garbage collected first; and what the system counts. */
const used = Effect.map(Effect.zipRight(collect, collect), () => {
  const { external, heapUsed, rss } = memoryUsage()
  return { heapBytes: heapUsed + external, residentBytes: rss }
})

/** Each actor is addressed and has one command; nobody holds it afterwards but the system. */
const awaken = (from: number, many: number) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    for (let index = from; index < from + many; index++) {
      const actor = yield* system.actor(counter, `idle-${index}`)
      yield* actor.ask(count(index))
    }
  })

/** Actors that come first, so that compiled code and caches are there. */
const warmActors = 1000

/** Measures, and tells the bytes of one actor. */
export const idleChild = (): Effect.Effect<void, unknown> =>
  inFolder((file) =>
    systemIn(
      file,
      Effect.gen(function* () {
        yield* awaken(0, warmActors)
        const before = yield* used
        yield* awaken(warmActors, idleActors)
        const after = yield* used
        tell({
          heapBytes: (after.heapBytes - before.heapBytes) / idleActors,
          residentBytes: (after.residentBytes - before.residentBytes) / idleActors
        })
      })
    )
  )

export const idle: Effect.Effect<Section, unknown> = Effect.map(runChild("idle", []), ([told]) => {
  const { heapBytes, residentBytes } = decode(told)
  const common = { word: "written", unit: "bytes" } as const
  return {
    title: `Memory of one idle actor, ${idleActors.toLocaleString("en-US")} of them in one system over SQLite`,
    rows: [
      { ...common, name: "heap and buffers", value: heapBytes, below: 2048 },
      { ...common, name: "resident memory of the process", value: residentBytes }
    ]
  }
})
