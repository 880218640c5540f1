/** An answer on its way: what the group commit said of its append, and those who wait for that. */
import { Effect, Either } from "effect"
import type { Outcome } from "./GroupCommit.ts"
import type { AppendError } from "./JournalError.ts"

export class Ticket {
  private outcome: Outcome | undefined
  private waiters: Array<(outcome: Outcome) => void> | undefined

  settle(outcome: Outcome): void {
    this.outcome = outcome
    for (const waiter of this.waiters ?? []) waiter(outcome)
    this.waiters = undefined
  }

  /** Waits for the commit. */
  readonly committed: Effect.Effect<void, AppendError> = Effect.async((resume) => {
    const told = (outcome: Outcome) => resume(Either.map(outcome, () => undefined))
    if (this.outcome === undefined) (this.waiters ??= []).push(told)
    else told(this.outcome)
  })

  /** Waits for the commit or its failure. */
  get settled(): Effect.Effect<void> {
    return Effect.exit(this.committed)
  }
}
