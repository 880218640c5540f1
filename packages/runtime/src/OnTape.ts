/**
 * What is *written* outside the journal's tables and not in them yet: entries on tapes, and batches in a spool. They are taken in before anything becomes *durable*, before anyone
 * in this process begins to read the journal, and a while after the first of them. Where that fails they stay, and it is tried again.
 */
import { Effect, Either } from "effect"
import type { Scope } from "effect"
import type { AppendError } from "./JournalError.ts"
import { Signal } from "./Signal.ts"

/** Time after which entries are brought in, where nothing else did it before; and between two tries. */
const takeInAfter = "1 second"

/** Somebody with something outside the journal. */
interface Holder {
  /** Brings them in; nothing to do is fine. */
  readonly takeIn: () => Either.Either<void, AppendError>
}

export class OnTape {
  private readonly what: string
  private readonly holders = new Set<Holder>()
  private readonly arrivals = new Signal()

  /** `what`: what is said to stay where it cannot be taken in. */
  constructor(what: string) {
    this.what = what
  }

  /** `holder` has entries from now on. */
  add(holder: Holder): void {
    this.holders.add(holder)
    this.arrivals.raise()
  }

  /** `holder` has none any more. */
  remove(holder: Holder): void {
    this.holders.delete(holder)
  }

  /** Brings everything in; the first error, after all were tried. What could not be brought in stays where it is *written*. */
  takeIn(): Either.Either<void, AppendError> {
    let result: Either.Either<void, AppendError> = Either.void
    for (const holder of this.holders) {
      const taken = holder.takeIn()
      if (Either.isLeft(taken) && Either.isRight(result)) result = taken
    }
    return result
  }

  /** Brings everything in a while after it came, until the scope ends. */
  readonly taking: Effect.Effect<void, never, Scope.Scope> = Effect.suspend(() => {
    const round = Effect.suspend(() => {
      const seen = this.arrivals.raised
      if (this.holders.size === 0) return this.arrivals.after(seen)
      const take = Effect.suspend(() => this.takeIn())
      const tried = Effect.catchAll(take, (error) => Effect.logWarning(`${this.what}: ${error.message}`))
      return Effect.delay(tried, takeInAfter)
    })
    return Effect.asVoid(Effect.forkScoped(Effect.forever(round)))
  })
}
