/** Custody of a device as the journal of a host has it (`Custody.ts`): an actor beside the device, stream `custody/NAME`. */
import { type Actor, Behavior } from "@stopcopy/runtime"
import { Schema } from "effect"

const fields = { taken: Schema.Boolean }

export const CustodyState = Schema.Struct(fields)
export type CustodyState = typeof CustodyState.Type
export const CustodyEvent = Schema.TaggedStruct("CustodyKept", fields)
export type CustodyEvent = typeof CustodyEvent.Type
export const CustodyCommand = Schema.TaggedStruct("KeepCustody", fields)
export type CustodyCommand = typeof CustodyCommand.Type

/** What stands so already is no event. */
export const behavior: Behavior.Behavior<CustodyState, CustodyCommand, CustodyEvent, void, never> = Behavior.make({
  name: "custody",
  version: 1,
  state: CustodyState,
  command: CustodyCommand,
  event: CustodyEvent,
  initial: { taken: false },
  decide: (state, { taken }): Behavior.Decision<CustodyEvent, void, never> =>
    Behavior.accept(state.taken === taken ? [] : [{ _tag: "CustodyKept", taken }], undefined),
  evolve: (_, { taken }) => ({ taken })
})

export type CustodyActor = Actor<CustodyState, CustodyCommand, void, never>
