/**
 * Given past events, when a command, then events and an answer: the test kit of behaviors. It needs no journal and no test
 * runner, and it sends every state, command and event it sees through its schema (B3 of `Behavior.ts`), and packed events
 * through their packing, so that a schema that loses data fails the first test.
 */
import { Either, Schema } from "effect"
import type { Behavior, Decision, Json, Tagged } from "./Behavior.ts"
import { sameValue, show } from "./internal/sameValue.ts"

/** What a test expected and did not see; thrown, so that any test runner reports it. */
export class TestKitFailure extends Error {
  override readonly name = "TestKitFailure"
}

const fail = (what: string, actual: unknown, expected: unknown): never => {
  throw new TestKitFailure(`${what}\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`)
}

/** Throws unless `value` comes back from its JSON text as it was, and gives the same text again. */
const roundTripJson = <A>(what: string, schema: Json<A>, value: A): void => {
  const text = Schema.encodeSync(schema)(value)
  const decoded = Schema.decodeSync(schema)(text)
  if (!sameValue(decoded, value)) fail(`${what} does not survive its schema`, decoded, value)
  const again = Schema.encodeSync(schema)(decoded)
  if (again !== text) fail(`${what} has two encodings`, again, text)
}

const roundTripPacked = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  event: Event
): void => {
  const { packing } = behavior
  if (packing === undefined || packing.type !== event._tag) return
  const view = new DataView(new ArrayBuffer(packing.entryBytes))
  if (!packing.write(event, view, 0)) return
  const read = packing.read(view, 0)
  if (!sameValue(read, event)) fail(`event ${event._tag} does not survive its packing`, read, event)
}

/** Throws a `TestKitFailure` unless the event survives its schema and, if it is packed, its packing. */
export const roundTripEvent = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  event: Event
): void => {
  roundTripJson(`event ${event._tag}`, behavior.event, event)
  roundTripPacked(behavior, event)
}

/** Applies `events` to `state`, each after its round trip; every state on the way goes through its schema too. */
const fold = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  state: State,
  events: ReadonlyArray<Event>
): State => {
  let next = state
  for (const event of events) {
    roundTripEvent(behavior, event)
    next = behavior.evolve(next, event)
    roundTripJson(`the state after ${event._tag}`, behavior.state, next)
  }
  return next
}

/** What a command led to. The `expect` functions throw a `TestKitFailure`, and return the outcome to go on with. */
export interface Outcome<State, Command, Event, Answer, Refused> {
  readonly events: ReadonlyArray<Event>
  readonly answer: Either.Either<Answer, Refused>
  /** The state after `events`. */
  readonly state: State
  readonly expectEvents: (...events: ReadonlyArray<Event>) => Outcome<State, Command, Event, Answer, Refused>
  readonly expectAnswer: (answer: Answer) => Outcome<State, Command, Event, Answer, Refused>
  /** The refusal has at least these fields: `{ _tag: "EINVAL" }`. */
  readonly expectRefusal: (fields: Partial<Refused>) => Outcome<State, Command, Event, Answer, Refused>
  readonly expectState: (state: State) => Outcome<State, Command, Event, Answer, Refused>
  /** The next command, in the state after this one. */
  readonly when: (command: Command) => Outcome<State, Command, Event, Answer, Refused>
}

const outcome = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  decision: Decision<Event, Answer, Refused>,
  state: State
): Outcome<State, Command, Event, Answer, Refused> => {
  const { answer, events } = decision
  const self: Outcome<State, Command, Event, Answer, Refused> = {
    events,
    answer,
    state,
    expectEvents: (...expected) => (sameValue(events, expected) ? self : fail("other events", events, expected)),
    expectAnswer: (expected) =>
      Either.isRight(answer) && sameValue(answer.right, expected) ? self : fail("another answer", answer, expected),
    expectRefusal: (fields) => {
      const refused = Either.getOrElse(Either.flip(answer), () => fail("an answer, not a refusal", answer, fields))
      const partial = new Map(Object.entries(refused ?? {}))
      const agrees = Object.entries(fields).every(([name, field]) => sameValue(partial.get(name), field))
      return agrees ? self : fail("another refusal", refused, fields)
    },
    expectState: (expected) => (sameValue(state, expected) ? self : fail("another state", state, expected)),
    when: (command) => decideIn(behavior, state, command)
  }
  return self
}

const decideIn = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  state: State,
  command: Command
): Outcome<State, Command, Event, Answer, Refused> => {
  roundTripJson("the command", behavior.command, command)
  const decision = behavior.decide(state, command)
  const [first] = decision.events
  const implied = first === undefined ? undefined : behavior.implied(first)
  if (implied !== undefined && !sameValue(implied, command)) {
    return fail(`event ${first?._tag} implies another command`, implied, command)
  }
  const next = fold(behavior, state, decision.events)
  const run = behavior.run(state, [command], 0)
  if (run !== undefined && !sameValue(run, { ...run, events: decision.events, state: next })) {
    return fail("a run decides otherwise", run, { events: decision.events, state: next })
  }
  const concluded = behavior.conclude?.(state, command)
  if (concluded !== undefined && !sameValue(concluded, { ...decision, state: next })) {
    return fail("a conclusion differs", concluded, { ...decision, state: next })
  }
  return outcome(behavior, decision, next)
}

/** A behavior after `past` events. */
export const given = <State, Command, Event extends Tagged, Answer, Refused>(
  behavior: Behavior<State, Command, Event, Answer, Refused>,
  past: ReadonlyArray<Event> = []
): {
  readonly state: State
  readonly when: (command: Command) => Outcome<State, Command, Event, Answer, Refused>
} => {
  roundTripJson("the initial state", behavior.state, behavior.initial)
  const state = fold(behavior, behavior.initial, past)
  return { state, when: (command) => decideIn(behavior, state, command) }
}
