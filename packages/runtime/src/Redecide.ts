/**
 * Deciding again: a stored command, put to the state of its moment, must give the events that are stored. Pure. Source:
 * `docs/architecture.md`, "The one idea".
 */
import { Either } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"

/** An event as a decision gives it: the stream below the actor's own (null: its own), the type, the JSON text. */
export interface DecidedEvent {
  readonly suffix: string | null
  readonly type: string
  readonly json: string
}

/** What `decide` makes of `command` in `state`; the defect as text where it throws. */
export const redecide = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  codec: Codec<State, Command, Event>,
  state: State,
  command: Command
): Either.Either<ReadonlyArray<DecidedEvent>, string> =>
  Either.try({
    try: () =>
      behavior.decide(state, command).events.map((event) => ({
        suffix: behavior.route(event)?.suffix ?? null,
        type: event._tag,
        json: codec.encodeEvent(event)
      })),
    catch: (thrown) => `decide threw ${String(thrown)}`
  })
