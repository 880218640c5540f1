/** The time, as it passes: for lengths of time that grow while somebody looks. */
import { Clock, Effect, Fiber } from "effect"
import { type Readable, Store } from "./Store.ts"
import { whileWatched } from "./whileWatched.ts"

/** Changes once a second, while somebody watches. */
class Ticking implements Readable<number> {
  private readonly store = new Store(Effect.runSync(Clock.currentTimeMillis))

  readonly get = (): number => this.store.get()

  readonly subscribe = whileWatched(this.store, () => {
    const fiber = Effect.runFork(this.ticking)
    return () => void Effect.runFork(Fiber.interrupt(fiber))
  })

  private readonly ticking = Effect.suspend(() =>
    Clock.currentTimeMillis.pipe(
      Effect.tap((now) => Effect.sync(() => this.store.set(now))),
      Effect.zipRight(Effect.sleep("1 second"))
    )
  ).pipe(Effect.forever)
}

/** Milliseconds since 1970. */
export const now: Readable<number> = new Ticking()
