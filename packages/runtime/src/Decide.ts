/** Deciding commands on a state, in order, before anything of it is recorded. Synchronous; a defect of the behavior is a value. */
import { Either } from "effect"
import type { Behavior, Concluded, Tagged } from "./Behavior.ts"
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

/** What `command` leads to in `state`, and the state after that. */
export const concluded = <State, Command, Event, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  state: State,
  command: Command
): Concluded<State, Event, Answer, Refused> => {
  if (behavior.conclude !== undefined) return behavior.conclude(state, command)
  const { answer, events } = behavior.decide(state, command)
  let next = state
  for (const event of events) next = behavior.evolve(next, event)
  return { answer, events, state: next }
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
  const add = (command: Command, events: ReadonlyArray<Event>, packed: boolean): void => {
    if (packed && current?.packed === true) {
      for (const event of events) current.events.push(event)
      current.next = now
    } else {
      current = { command, events: [...events], packed, next: now }
      parts.push(current)
    }
  }
  for (let at = 0; at < commands.length;) {
    const command = commands[at]
    if (command === undefined) break
    try {
      const run = behavior.run(now, commands, at)
      if (run !== undefined && run.events.length > 0) {
        now = run.state
        for (let count = run.events.length; count > 0; count--) answers.push(Either.right(run.answer))
        add(command, run.events, true)
        at += run.events.length
        continue
      }
      const { answer, events, state: next } = concluded(behavior, now, command)
      const packed = events.length > 0 && codec.isPacked(events)
      now = next
      answers.push(answer)
      if (events.length > 0) add(command, events, packed)
      at++
    } catch (thrown) {
      return { answers, parts, defect: { command, thrown } }
    }
  }
  return { answers, parts, defect: undefined }
}
