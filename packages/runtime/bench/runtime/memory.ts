/** Section: commands of an actor whose journal is in memory, against XState 5, which keeps no history at all. */
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Array, Effect } from "effect"
import { lamp } from "./lamp.ts"
import { sends, statelessTransitions, transitions } from "./machine.ts"
import { rateOf, rowsOf, type Section, type Subject, takeTurns } from "@stopcopy/workbench"
import { machineTransitions, memoryAtOnce, memoryCommands, quickRounds } from "./sizes.ts"

const asked = Effect.gen(function* () {
  const system = yield* ActorSystem
  const actor = yield* system.actor(lamp, "bench")
  return yield* rateOf(
    memoryCommands,
    Effect.gen(function* () {
      for (let by = 0; by < memoryCommands; by++) yield* actor.ask({ _tag: "Switch", by })
    })
  )
}).pipe(Effect.provide(ActorSystem.layer), Effect.provide(Journal.layerMemory))

/** The same, some commands in each ask. */
const askedAll = Effect.gen(function* () {
  const system = yield* ActorSystem
  const actor = yield* system.actor(lamp, "bench")
  return yield* rateOf(
    memoryCommands,
    Effect.gen(function* () {
      for (let by = 0; by < memoryCommands; by += memoryAtOnce) {
        yield* actor.askAll(Array.makeBy(memoryAtOnce, (index) => ({ _tag: "Switch" as const, by: by + index })))
      }
    })
  )
}).pipe(Effect.provide(ActorSystem.layer), Effect.provide(Journal.layerMemory))

const common = { word: "none", unit: "commands/s" } as const

/** A way to run the machine. */
const machine = (key: string, name: string, run: (commands: number) => number): Subject => ({
  ...common,
  key,
  name: `XState 5.33.3, ${name}, no history`,
  measure: rateOf(
    machineTransitions,
    Effect.sync(() => run(machineTransitions))
  )
})

const subjects: ReadonlyArray<Subject> = [
  machine("transition", "transition() between two states", transitions),
  machine("stateless", "transition() of a machine without states", statelessTransitions),
  machine("send", "actor.send() between two states", sends),
  {
    ...common,
    key: "asked",
    name: "an actor over the memory journal, which keeps everything",
    against: [
      { key: "transition", to: "transition()" },
      { key: "stateless", to: "transition() without states" },
      { key: "send", to: "send()" }
    ],
    measure: asked
  },
  {
    ...common,
    key: "askedAll",
    name: `the same, ${memoryAtOnce} commands an askAll`,
    against: [
      { key: "transition", to: "transition()", target: 5 },
      { key: "stateless", to: "transition() without states" },
      { key: "send", to: "send()" }
    ],
    measure: askedAll
  }
]

export const memory: Effect.Effect<Section, unknown> = Effect.map(takeTurns(subjects, quickRounds), (figures) => ({
  title: "Commands in memory, one after the other",
  rows: rowsOf(subjects, figures)
}))
