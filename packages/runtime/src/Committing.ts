/**
 * How an actor's append gets into the journal: at once, with the next group, or together with others of one call. What is published,
 * and when, is A1, A4 and A6 of `LocalActor.ts`.
 */
import { Either } from "effect"
import type { Effect } from "effect"
import type { Tagged } from "./Behavior.ts"
import type { Outcome } from "./GroupCommit.ts"
import type { AppendRequest, DeferredAppend, Deferring } from "./JournalDriver.ts"
import type { AppendError } from "./JournalError.ts"
import { Resident } from "./Resident.ts"
import { Ticket } from "./Ticket.ts"
import type { Together } from "./Together.ts"

export class Committing<State, Command, Event extends Tagged, Answer, Refused> extends Resident<
  State,
  Command,
  Event,
  Answer,
  Refused
> {
  /** Into the journal before this returns. */
  protected commitNow(request: AppendRequest, next: State): Either.Either<void, AppendError> {
    const outcome = this.commitWithTape(request)
    if (Either.isLeft(outcome)) {
      // Nothing has changed; only where another process was faster the actor is out of date.
      if (outcome.left._tag === "VersionConflict") this.stop()
      return Either.left(outcome.left)
    }
    this.standing.advance(this.stream, request, next)
    this.publish(request, next, outcome.right.last)
    return Either.void
  }

  /** The same for an append that is not encoded yet. */
  protected deferNow({ defer }: Deferring, append: DeferredAppend, next: State): Either.Either<void, AppendError> {
    const outcome = defer(append)
    if (Either.isLeft(outcome)) {
      if (outcome.left._tag === "VersionConflict") this.stop()
      return Either.left(outcome.left)
    }
    this.standing.defer(this.stream, append, next, outcome.right.last)
    this.watchers?.notify(next)
    return Either.void
  }

  /** With the next group: the state runs ahead until that is told. What goes there `together` is not waited for here. */
  protected commitLater(
    request: AppendRequest,
    next: State,
    together: Together | undefined
  ): Effect.Effect<void, AppendError> {
    const ticket = together ?? new Ticket()
    const part = together?.begin() ?? 0
    this.standing.advance(this.stream, request, next)
    this.waiting++
    this.last = ticket
    this.kind.journal.submit(request, (told) => {
      this.waiting--
      if (Either.isRight(told)) this.publish(request, next, told.right.last)
      else this.stop()
      const outcome = together === undefined ? told : together.told(part, told)
      if (outcome !== undefined) this.settle(ticket, outcome)
    })
    return together === undefined ? ticket.committed : Either.void
  }

  private settle(ticket: Ticket, outcome: Outcome): void {
    if (this.last === ticket) this.last = undefined
    ticket.settle(outcome)
  }

  /** Waits for what was queued together, if anything was; nothing is added to it after this. */
  protected committed(together: Together): Effect.Effect<void, AppendError> {
    if (together.count === 0) return Either.void
    const outcome = together.end()
    if (outcome !== undefined) this.settle(together, outcome)
    return together.committed
  }
}
