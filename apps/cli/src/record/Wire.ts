/**
 * A vfio-user conversation as an actor, stream `wire/NAME`. The proxy between client and server tells it of every message before the message goes on; it
 * decides nothing about the messages, which are facts of others.
 */
import { Behavior } from "@stopcopy/runtime"
import { WireCommand } from "./WireCommand.ts"
import { WireEvent } from "./WireEvent.ts"
import { evolve, initial, WireState } from "./WireState.ts"

const eventOf = (command: WireCommand): WireEvent => {
  switch (command._tag) {
    case "Open":
      return { ...command, _tag: "ConnectionOpened" }
    case "Forward":
      return { ...command, _tag: "MessageForwarded" }
    case "ForwardBytes":
      return { ...command, _tag: "BytesForwarded" }
    case "Inject":
      return { ...command, _tag: "FaultInjected" }
    case "Close":
      return { ...command, _tag: "ConnectionClosed" }
  }
}

/** A message is in its event whole: it is not stored a second time as a command. */
const implied = (event: WireEvent): WireCommand | undefined =>
  event._tag === "MessageForwarded" ? { ...event, _tag: "Forward" } : undefined

/** The stream of a wire is `wire/NAME`. */
export const behavior: Behavior.Behavior<WireState, WireCommand, WireEvent, void, never> = Behavior.make({
  name: "wire",
  version: 1,
  state: WireState,
  command: WireCommand,
  event: WireEvent,
  initial,
  decide: (_, command: WireCommand): Behavior.Decision<WireEvent, void, never> =>
    Behavior.accept([eventOf(command)], undefined),
  evolve,
  implied
})
