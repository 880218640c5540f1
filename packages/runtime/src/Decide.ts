/** Deciding commands on a state, in order, before anything of it is recorded. Synchronous; a defect of the behavior is a value. */
import type { Either } from "effect"
import type { Behavior, Tagged } from "./Behavior.ts"
import type { Codec } from "./Codec.ts"

/** Events to be recorded together: those of one command, or packed events of several neighbours. */
export interface Part<State, Command, Event> {
  /** The command; of packed events the first one's. */
  readonly command: Command
  readonly events: Array<Event>
  /** True if every event is an entry of a packed run in the actor's own stream. */
  readonly packed: boolean
  /** The state after them. */
  next: State
}

/** What commands led to, up to the first defect. */
interface Decided<State, Command, Event, Answer, Refused> {
  readonly answers: ReadonlyArray<Either.Either<Answer, Refused>>
  readonly parts: ReadonlyArray<Part<State, Command, Event>>
  /** What `decide` or `evolve` threw, and at which command. */
  readonly defect: { readonly command: Command; readonly thrown: unknown } | undefined
}

/** Decides `commands` on `state`, each on what those before it lead to. */
export const decideAll = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  codec: Codec<State, Command, Event>,
  state: State,
  commands: ReadonlyArray<Command>
): Decided<State, Command, Event, Answer, Refused> => {
  const answers: Array<Either.Either<Answer, Refused>> = []
  const parts: Array<Part<State, Command, Event>> = []
  let current: Part<State, Command, Event> | undefined
  let now = state
  for (const command of commands) {
    let next = now
    let decision
    let packed
    try {
      decision = behavior.decide(now, command)
      for (const event of decision.events) next = behavior.evolve(next, event)
      packed = decision.events.length > 0 && codec.isPacked(decision.events)
    } catch (thrown) {
      return { answers, parts, defect: { command, thrown } }
    }
    now = next
    answers.push(decision.answer)
    if (decision.events.length === 0) continue
    if (packed && current?.packed === true) {
      for (const event of decision.events) current.events.push(event)
      current.next = next
    } else {
      current = { command, events: [...decision.events], packed, next }
      parts.push(current)
    }
  }
  return { answers, parts, defect: undefined }
}
