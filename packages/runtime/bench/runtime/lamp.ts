/** The actor that is held against a state machine: each command takes it to its other state, and adds to a total. */
import { Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"

const Lamp = Schema.Literal("off", "on")
const State = Schema.Struct({ lamp: Lamp, total: Schema.Int })
const off: typeof State.Type = { lamp: "off", total: 0 }

/** The lamp as a behavior. */
export const lamp = Behavior.make({
  name: "lamp",
  version: 1,
  state: State,
  command: Schema.TaggedStruct("Switch", { by: Schema.Int }),
  event: Schema.TaggedStruct("Switched", { to: Lamp, by: Schema.Int }),
  initial: off,
  decide: (state, { by }) =>
    Behavior.accept([{ _tag: "Switched", to: state.lamp === "off" ? "on" : "off", by } as const], by),
  evolve: ({ total }, { by, to }) => ({ lamp: to, total: total + by })
})
