/**
 * Whether a device stands still for a migration, as the journal of its agent has it: stream `still/NAME`. A server may forget its device with the connection
 * (libvfio-user resets it), and then a device that seems to be well has nothing of its guest any more: it must not run before somebody has decided.
 * To be *written*: the end of the agent's process ends the connection too.
 */
import { type Actor, Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"

const fields = { still: Schema.Boolean }

export const StillState = Schema.Struct(fields)
export type StillState = typeof StillState.Type
export const StillEvent = Schema.TaggedStruct("StillRecorded", fields)
export type StillEvent = typeof StillEvent.Type
export const StillCommand = Schema.TaggedStruct("RecordStill", fields)
export type StillCommand = typeof StillCommand.Type

/** What is recorded already is no event. */
export const behavior: Behavior.Behavior<StillState, StillCommand, StillEvent, void, never> = Behavior.make({
  name: "still",
  version: 1,
  state: StillState,
  command: StillCommand,
  event: StillEvent,
  initial: { still: false },
  decide: (state, { still }): Behavior.Decision<StillEvent, void, never> =>
    Behavior.accept(state.still === still ? [] : [{ _tag: "StillRecorded", still }], undefined),
  evolve: (_, { still }) => ({ still })
})

export type StillActor = Actor<StillState, StillCommand, void, never>
