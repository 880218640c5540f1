/** Section: commands of an actor whose journal is in memory, against XState 5, which keeps no history at all. */
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Effect } from "effect"
import { count, counter } from "./counter.ts"
import { sends, transitions } from "./machine.ts"
import { rateOf, rowsOf, takeTurns } from "./measure.ts"
import type { Subject } from "./measure.ts"
import type { Section } from "./report.ts"
import { memoryCommands, quickRounds } from "./sizes.ts"

const asked = Effect.gen(function* () {
  const system = yield* ActorSystem
  const actor = yield* system.actor(counter, "bench")
  return yield* rateOf(
    memoryCommands,
    Effect.gen(function* () {
      for (let by = 0; by < memoryCommands; by++) yield* actor.ask(count(by))
    })
  )
}).pipe(Effect.provide(ActorSystem.layer), Effect.provide(Journal.layerMemory))

const common = { word: "none", unit: "commands/s" } as const

const subjects: ReadonlyArray<Subject> = [
  {
    ...common,
    key: "transition",
    name: "floor: XState 5.33.3, transition(), no history",
    measure: rateOf(
      memoryCommands,
      Effect.sync(() => transitions(memoryCommands))
    )
  },
  {
    ...common,
    key: "send",
    name: "XState 5.33.3, actor.send(), no history",
    measure: rateOf(
      memoryCommands,
      Effect.sync(() => sends(memoryCommands))
    )
  },
  {
    ...common,
    key: "asked",
    name: "an actor over the memory journal, which keeps everything",
    against: [
      { key: "transition", to: "transition()", target: 5 },
      { key: "send", to: "send()" }
    ],
    measure: asked
  }
]

export const memory: Effect.Effect<Section, unknown> = Effect.map(takeTurns(subjects, quickRounds), (figures) => ({
  title: "Commands in memory, one after the other",
  rows: rowsOf(subjects, figures)
}))
