/** The appends of one `askAll`: settled after all of them, with the outcome of the first in their order that failed. */
import { Either } from "effect"
import type { Outcome } from "./GroupCommit.ts"
import { Ticket } from "./Ticket.ts"

export class Together extends Ticket {
  /** Appends begun. */
  count = 0
  /** Appends without an outcome, and one until no more are begun. */
  private pending = 1
  private failedPart = Infinity
  private result: Outcome | undefined

  /** Begins an append: its place in the order. */
  begin(): number {
    this.pending++
    return this.count++
  }

  /** An append has an outcome; that of all, if it was the last. */
  told(part: number, outcome: Outcome): Outcome | undefined {
    const failed = Either.isLeft(outcome)
    if (failed ? part < this.failedPart : this.failedPart === Infinity) this.result = outcome
    if (failed) this.failedPart = Math.min(this.failedPart, part)
    return this.end()
  }

  /** No more are begun; the outcome of all, if every append has one. */
  end(): Outcome | undefined {
    return --this.pending === 0 ? this.result : undefined
  }
}
