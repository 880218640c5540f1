/** What stands for events in a fold: base events and snapshots, and when a fold may use them. The prose is in `FORMAT.md`. */
import { Either } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"
import type { Recorded } from "./Envelope.ts"
import type { Snapshot } from "./JournalDriver.ts"
import type { DecodeError } from "./JournalError.ts"

/** The state after a base event of the actor whose own stream is `own`: its own is the state; one of a stream that it owns is part of that. */
export const stateAfterBase = <State, Command, Event>(
  codec: Codec<State, Command, Event>,
  own: string,
  state: State,
  envelope: Recorded
): Either.Either<State, DecodeError> => (envelope.stream === own ? codec.decodeBase(envelope) : Either.right(state))

/** The state in a snapshot that this very version of the behavior made; the reason where it is of another one or cannot be read. */
export const stateInSnapshot = <State, Command, Event extends Tagged, Answer, Refused>(
  { version }: Behavior<State, Command, Event, Answer, Refused>,
  codec: Codec<State, Command, Event>,
  { behaviorVersion, state }: Pick<Snapshot, "behaviorVersion" | "state">
): Either.Either<State, string> =>
  behaviorVersion === version
    ? codec.decodeState(state)
    : Either.left(`version ${behaviorVersion} of the behavior made it`)
