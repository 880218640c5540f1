/** The example of this package's README. */
// region readme
/** What a door's journal tells about the last time it was opened. */
import { blame, check, formatPath, diffStates, parsePoint, timeline, why } from "@stopcopy/debugger"
import { ActorSystem, Behavior, Journal, Replay } from "@stopcopy/runtime"
import { Effect, Layer, Schema, Stream } from "effect"

const Command = Schema.TaggedStruct("Move", { open: Schema.Boolean })
const Event = Schema.TaggedStruct("Moved", { open: Schema.Boolean })

const door = Behavior.make({
  name: "door",
  version: 1,
  state: Schema.Struct({ open: Schema.Boolean, moves: Schema.Int }),
  command: Command,
  event: Event,
  initial: { open: false, moves: 0 },
  decide: (_, { open }) => Behavior.accept([{ _tag: "Moved", open } as const], undefined),
  evolve: ({ moves }, { open }) => ({ open, moves: moves + 1 })
})

export const program = Effect.gen(function* () {
  const front = yield* (yield* ActorSystem).actor(door, "front")
  for (const open of [true, false, true, true]) yield* front.ask({ _tag: "Move", open })

  const known = { registry: Replay.registry(Replay.replayable(door)) }
  const source = { label: "house", journal: yield* Journal }
  const from = yield* parsePoint([source], "2")
  const to = yield* parsePoint([source], "4")
  const { last } = yield* blame(known, source, "door/front", "open")
  const { causes } = yield* why([source], known, to)
  const { commands, divergence } = yield* check(known, source)
  return {
    opened: yield* Stream.runCount(timeline([source], known, { text: '"open":true' })),
    changed: (yield* diffStates(known, from, to)).flatMap(({ changes }) => changes.map(({ path }) => formatPath(path))),
    blamed: last?.moment.envelope.sequence,
    causes: causes.length,
    sound: divergence === undefined && commands === 4
  }
}).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)))
// endregion
