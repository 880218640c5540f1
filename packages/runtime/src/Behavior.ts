/**
 * What an actor is: a pure decision over a state, and the events that change it. No clock, no randomness, no I/O:
 * whatever comes from outside arrives as a field of a command. Source: `docs/architecture.md`, "The one idea".
 *
 * B1 `decide` is synchronous and pure; it never throws for a command that the schema admits.
 * B2 `evolve` is total: an event is a fact, whatever today's rules say.
 * B3 Every state, command and event survives its schema. The test kit checks this on all it sees.
 * B4 What a repeatable command leads to, in one turn, is small: no event's JSON has more than a megabyte.
 */
import { Either, Schema } from "effect"

/**
 * What a command led to. Events are facts whatever the answer: a load that is refused half way has already
 * written registers, and the refusal itself is recorded.
 */
export interface Decision<Event, Answer, Refused> {
  readonly events: ReadonlyArray<Event>
  readonly answer: Either.Either<Answer, Refused>
}

/**
 * A fixed-size binary form of one event type, for inputs of high rate: many of them become one stored record. An entry is the command
 * and the event: a command that leads to one packed event and nothing else is not stored beside it.
 */
export interface Packing<Event, Command> {
  /** The event type (`_tag`) that is packed. */
  readonly type: string
  /** Size of one entry, in bytes. */
  readonly entryBytes: number
  /** Writes one event at `offset` (bytes, little endian); false if this event does not fit the form. */
  readonly write: (event: Event, view: DataView, offset: number) => boolean
  readonly read: (view: DataView, offset: number) => Event
  /** The command that alone led to this event: deciding it again must give the event. */
  readonly command: (event: Event) => Command
}

/** What neighbouring commands led to that were decided together. */
export interface Run<State, Event, Answer> {
  /** One packed event for each of them, in order. */
  readonly events: ReadonlyArray<Event>
  /** What each is answered. */
  readonly answer: Answer
  readonly state: State
}

/** A decision, and the state that its events lead to. */
export interface Concluded<State, Event, Answer, Refused> extends Decision<Event, Answer, Refused> {
  readonly state: State
}

/**
 * How stored JSON of one schema version becomes that of the next: of events, of commands, of states in base events. What is missing did not
 * change. Stored bytes stay as they are.
 */
export interface Upcaster {
  readonly event?: (json: unknown) => unknown
  readonly command?: (json: unknown) => unknown
  readonly state?: (json: unknown) => unknown
}

/** Upcasters by the version that they start from: `{ 1: from1to2, 2: from2to3 }`. */
export type Upcasters = Readonly<Record<number, Upcaster>>

/** JSON text of a value, both ways. */
export type Json<A> = Schema.Schema<A, string>

export interface Behavior<State, Command, Event, Answer, Refused> {
  /** Stands in the journal beside every stream of this behavior: never rename it. */
  readonly name: string
  /** Schema version written with every event. */
  readonly version: number
  readonly state: Json<State>
  readonly command: Json<Command>
  readonly event: Json<Event>
  readonly initial: State
  readonly decide: (state: State, command: Command) => Decision<Event, Answer, Refused>
  readonly evolve: (state: State, event: Event) => State
  /**
   * The stream an event belongs to: none is the actor's own; a suffix (`file/0`) is a stream of an actor that lives in
   * this one's turn, with the behavior named. One append then touches both streams, in the order of the events.
   */
  readonly route: (event: Event) => Route | undefined
  readonly packing: Packing<Event, Command> | undefined
  /**
   * The command that alone led to events of which this is the first, if that event tells it whole: it is not stored then. Deciding it again must give
   * the events. For large commands of high rate.
   */
  readonly implied: (event: Event) => Command | undefined
  /**
   * Decides commands from place `from` on, as many as lead to one event each that fits the packing, and to the same answer: one state for all of them. It
   * must be what `decide` and `evolve` give one by one; undefined leaves the first to them. For commands of high rate.
   */
  readonly run: (state: State, commands: ReadonlyArray<Command>, from: number) => Run<State, Event, Answer> | undefined
  /**
   * `decide`, and what `evolve` makes of its events, for behaviors that know that when they have decided. It must be the same; undefined: the runtime asks both.
   */
  readonly conclude: ((state: State, command: Command) => Concluded<State, Event, Answer, Refused>) | undefined
  /**
   * Commands that may stand for their events for a while, where a journal can do that: they are decided again should the process die meanwhile. For commands that
   * somebody waits for.
   */
  readonly repeatable: (command: Command) => boolean
  readonly upcasters: Upcasters
}

/** A stream below the actor's own: `suffix` is appended to the actor's stream name after a slash. */
export interface Route {
  readonly suffix: string
  readonly behavior: string
}

/** Any tagged union member: events and commands are told apart by `_tag`. */
export interface Tagged {
  readonly _tag: string
}

/** Behavior from schemas of values; JSON text is added here, once. */
export const make = <
  State,
  StateJson,
  Command extends Tagged,
  CommandJson,
  Event extends Tagged,
  EventJson,
  Answer,
  Refused
>(options: {
  readonly name: string
  readonly version: number
  readonly state: Schema.Schema<State, StateJson>
  readonly command: Schema.Schema<Command, CommandJson>
  readonly event: Schema.Schema<Event, EventJson>
  readonly initial: State
  readonly decide: (state: State, command: Command) => Decision<Event, Answer, Refused>
  readonly evolve: (state: State, event: Event) => State
  readonly route?: (event: Event) => Route | undefined
  readonly packing?: Packing<Event, Command>
  readonly implied?: (event: Event) => Command | undefined
  readonly run?: (state: State, commands: ReadonlyArray<Command>, from: number) => Run<State, Event, Answer> | undefined
  readonly conclude?: (state: State, command: Command) => Concluded<State, Event, Answer, Refused>
  readonly repeatable?: (command: Command) => boolean
  readonly upcasters?: Upcasters
}): Behavior<State, Command, Event, Answer, Refused> => ({
  name: options.name,
  version: options.version,
  state: Schema.parseJson(options.state),
  command: Schema.parseJson(options.command),
  event: Schema.parseJson(options.event),
  initial: options.initial,
  decide: options.decide,
  evolve: options.evolve,
  route: options.route ?? (() => undefined),
  packing: options.packing,
  implied: options.implied ?? (() => undefined),
  run: options.run ?? (() => undefined),
  conclude: options.conclude,
  repeatable: options.repeatable ?? (() => false),
  upcasters: options.upcasters ?? {}
})

/** A decision that happened and answers `answer`. */
export const accept = <Event, Answer>(
  events: ReadonlyArray<Event>,
  answer: Answer
): Decision<Event, Answer, never> => ({
  events,
  answer: Either.right(answer)
})

/** A decision that answers with an error; `events` are what happened nevertheless, the record of the refusal included. */
export const refuse = <Event, Refused>(
  events: ReadonlyArray<Event>,
  error: Refused
): Decision<Event, never, Refused> => ({
  events,
  answer: Either.left(error)
})
