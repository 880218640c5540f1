/** What was asked of one migration beside what the fleet keeps of it, as a behavior: stream `wish/ID`. */
import { WhenOver } from "@stopcopy/coordinator-api"
import { Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"

const State = Schema.Struct({ whenOver: WhenOver })

export const behavior = Behavior.make({
  name: "wish",
  version: 1,
  state: State,
  command: Schema.TaggedStruct("Wish", State.fields),
  event: Schema.TaggedStruct("Wished", State.fields),
  initial: { whenOver: { _tag: "Abort" as const } },
  decide: (_, { whenOver }) => Behavior.accept([{ _tag: "Wished" as const, whenOver }], undefined),
  evolve: (_, { whenOver }) => ({ whenOver })
})
