/**
 * Long work beside an actor. A command starts an operation; the actor's state names its next action; outcome commands carry it
 * on and end it. `drive` performs the actions. Source: `docs/architecture.md`, "Who decides what".
 *
 * O1 What is to be done stands in the state alone, so `drive` goes on after a restart where the journal ends.
 * O2 An action is performed at least once: a process may die between the work and its outcome. Actions are idempotent.
 * O3 When a command (reset, close) ends the operation meanwhile, the running action is interrupted and the waiter gets the
 *    recorded result; an outcome that comes too late changes no result.
 * O4 Interrupting the waiter interrupts the action, never a turn: the operation stays pending and can be driven again.
 * O5 One driver for one operation at a time: two would perform its actions twice.
 */
import { Effect, type Either } from "effect"
import type { Actor } from "./Actor.ts"
import { withCausation } from "./Correlation.ts"
import type { JournalError } from "./JournalError.ts"

/** How an actor's state tells of its operations, and how their actions are performed. */
export interface Work<State, Command, Id, Action, Result, Failure, E, R> {
  /** The operation under way and what it needs done next; undefined if there is none. */
  readonly pending: (state: State) => { readonly id: Id; readonly action: Action } | undefined
  /** The recorded end of an operation; undefined while it is pending or queued. */
  readonly ended: (state: State, id: Id) => Either.Either<Result, Failure> | undefined
  /**
   * The outcome as a command where it is there without waiting; undefined where it is not, then `perform` waits for it. It must end by itself, at once. Absent: everything is
   * waited for.
   */
  readonly atOnce?: (action: Action) => Effect.Effect<Command | undefined, E, R>
  /** Does the work and gives its outcome as a command. Its own failures are outcomes too, where the operation should end. */
  readonly perform: (action: Action) => Effect.Effect<Command, E, R>
}

/**
 * One action, unless the operation ends or gives way before it is done: then no command. Both sides can be interrupted even
 * where the caller cannot: otherwise the loser of the race would be waited for, perhaps for ever.
 */
const performWhilePending = <State, Command, Id, Action, Result, Failure, Answer, Refused, E, R>(
  actor: Actor<State, Command, Answer, Refused>,
  work: Work<State, Command, Id, Action, Result, Failure, E, R>,
  id: Id,
  action: Action
): Effect.Effect<Command | undefined, E | JournalError, R> =>
  Effect.raceFirst(
    Effect.interruptible(work.perform(action)),
    Effect.interruptible(
      Effect.as(
        actor.until((state) => work.ended(state, id) !== undefined || work.pending(state)?.id !== id),
        undefined
      )
    )
  )

/** Tells an outcome. What became of the operation meanwhile counts more than what is said to a command that came too late. */
const tell = <State, Command, Id, Action, Result, Failure, Answer, Refused, E, R>(
  actor: Actor<State, Command, Answer, Refused>,
  work: Work<State, Command, Id, Action, Result, Failure, E, R>,
  id: Id,
  command: Command
): Effect.Effect<void, Refused | JournalError> =>
  Effect.catchAll(Effect.asVoid(actor.ask(command)), (error) =>
    // Where the state cannot be had either, that is what the caller must know first.
    Effect.flatMap(actor.state, (state) => (work.ended(state, id) === undefined ? Effect.fail(error) : Effect.void))
  )

/**
 * Carries operation `id` of `actor` on as far as nothing has to be waited for: no fiber is made. The recorded result, if that was to the end. Fails as `drive` does.
 */
export const advance = <State, Command, Id, Action, Result, Failure, Answer, Refused, E, R>(
  actor: Actor<State, Command, Answer, Refused>,
  work: Work<State, Command, Id, Action, Result, Failure, E, R>,
  id: Id
): Effect.Effect<Either.Either<Result, Failure> | undefined, Refused | JournalError | E, R> =>
  Effect.gen(function* () {
    for (;;) {
      const state = yield* actor.state
      const result = work.ended(state, id)
      const pending = work.pending(state)
      if (result !== undefined || pending?.id !== id || work.atOnce === undefined) return result
      const caused = withCausation(yield* actor.position)
      const command = yield* caused(work.atOnce(pending.action))
      if (command === undefined) return undefined
      yield* caused(tell(actor, work, id, command))
    }
  })

/**
 * Carries operation `id` of `actor` to its end and gives the recorded result. Waits while another operation is pending. Fails
 * with the recorded failure, with what `perform` fails with, or with what `ask` says to an outcome of a pending operation. The actor need not be
 * in memory: it is not, for instance, behind an append that failed.
 */
export const drive = <State, Command, Id, Action, Result, Failure, Answer, Refused, E, R>(
  actor: Actor<State, Command, Answer, Refused>,
  work: Work<State, Command, Id, Action, Result, Failure, E, R>,
  id: Id
): Effect.Effect<Result, Failure | Refused | JournalError | E, R> => {
  /**
   * Outcomes and whatever the action records carry the actor's last event as their causation: the one that named the action,
   * or one that came between it and a driver who took over.
   */
  const step = (action: Action) =>
    Effect.flatMap(actor.position, (position) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(performWhilePending(actor, work, id, action)), (command) =>
          command === undefined ? Effect.void : tell(actor, work, id, command)
        )
      ).pipe(withCausation(position))
    )
  const next: Effect.Effect<Result, Failure | Refused | JournalError | E, R> = Effect.flatMap(
    actor.state,
    (state): Effect.Effect<Result, Failure | Refused | JournalError | E, R> => {
      const result = work.ended(state, id)
      if (result !== undefined) return result
      const pending = work.pending(state)
      if (pending?.id === id) return Effect.zipRight(step(pending.action), next)
      return Effect.zipRight(
        actor.until((later) => work.ended(later, id) !== undefined || work.pending(later)?.id === id),
        next
      )
    }
  )
  return next
}
