/**
 * What an actor offers to those who work with it. `LocalActor.ts` is the one there is. Source: `docs/architecture.md`, "Who decides what".
 */
import type { Effect, Either } from "effect"
import type { Durability } from "./Envelope.ts"
import type { JournalError } from "./JournalError.ts"

/** How one command is to be kept. */
export interface AskOptions {
  /** Default *written*. */
  readonly durability?: Durability
}

/**
 * An actor for callers without a fiber of their own, such as a socket's callbacks: with the clock, correlation and causation of the fiber that bound it. What is
 * decided and kept at once is answered with an `Either`, which is an effect that has ended already.
 */
export interface Bound<Command, Answer, Refused> {
  /** As `Actor.ask`, *written*. */
  readonly ask: (command: Command) => Effect.Effect<Answer, Refused | JournalError>
  /** As `Actor.askAll`, *written*. */
  readonly askAll: (
    commands: ReadonlyArray<Command>
  ) => Effect.Effect<ReadonlyArray<Either.Either<Answer, Refused>>, JournalError>
}

export interface Actor<State, Command, Answer, Refused> {
  /** Name of its own stream: `<behavior>/<id>`. */
  readonly stream: string
  /** The state after the last turn that is in the journal. Restores the actor if it is not in memory. */
  readonly state: Effect.Effect<State, JournalError>
  /**
   * The same, for synchronous code between two effects. Throws for an actor that is not in memory and cannot be restored at once:
   * its journal is asynchronous, or cannot be read.
   */
  readonly unsafeState: () => State
  /** Sequence of the last event of this actor that is in the journal; 0 if there is none. Restores the actor if it is not in memory. */
  readonly position: Effect.Effect<number, JournalError>
  /** The same, for synchronous code. Throws where `unsafeState` does. */
  readonly unsafePosition: () => number
  /** One turn: decide, append, evolve, answer. Fails with the behavior's refusal, or with what the journal says. */
  readonly ask: (command: Command, options?: AskOptions) => Effect.Effect<Answer, Refused | JournalError>
  /**
   * One turn for each command, in order, and one write for all packed events in it: for inputs of high rate. An answer for each; a
   * refusal does not stop those behind it. Fails where the journal does: then it is not known how many of them are kept.
   */
  readonly askAll: (
    commands: ReadonlyArray<Command>,
    options?: AskOptions
  ) => Effect.Effect<ReadonlyArray<Either.Either<Answer, Refused>>, JournalError>
  readonly bound: Effect.Effect<Bound<Command, Answer, Refused>>
  /** Waits for the first state that `predicate` holds for, the present one included. Polls nothing. */
  readonly until: (predicate: (state: State) => boolean) => Effect.Effect<State, JournalError>
}
