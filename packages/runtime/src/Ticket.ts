/** An answer on its way: what the group commit said of its append, and those who wait for that. */
import { Effect, Either } from "effect"
import type { Outcome } from "./GroupCommit.ts"
import type { AppendError } from "./JournalError.ts"

type Waiter = (outcome: Outcome) => void

export class Ticket {
  private outcome: Outcome | undefined
  /** Nearly always there is one who waits. */
  private first: Waiter | undefined
  private others: Array<Waiter> | undefined

  settle(outcome: Outcome): void {
    const { first, others } = this
    this.outcome = outcome
    this.first = undefined
    this.others = undefined
    first?.(outcome)
    for (const waiter of others ?? []) waiter(outcome)
  }

  /** Waits for the commit. */
  get committed(): Effect.Effect<void, AppendError> {
    return Effect.async((resume) =>
      this.wait((outcome) => resume(Either.isLeft(outcome) ? Either.left(outcome.left) : Either.void))
    )
  }

  /** Waits for the commit or its failure. */
  get settled(): Effect.Effect<void> {
    return Effect.exit(this.committed)
  }

  private wait(waiter: Waiter): void {
    if (this.outcome !== undefined) waiter(this.outcome)
    else if (this.first === undefined) this.first = waiter
    else (this.others ??= []).push(waiter)
  }
}
