/** Those who wait for a state of an actor. */
import { Effect, Either } from "effect"

/** Somebody who waits: true when done. */
type Watcher<State> = (state: State) => boolean

export class Watchers<State> {
  private readonly waiting = new Set<Watcher<State>>()

  get count(): number {
    return this.waiting.size
  }

  notify(state: State): void {
    for (const watcher of this.waiting) if (watcher(state)) this.waiting.delete(watcher)
  }

  /** The first state that `predicate` holds for, `present` included. A predicate that throws is a defect of the one who waits. */
  until(present: () => State, predicate: (state: State) => boolean): Effect.Effect<State> {
    return Effect.async((resume) => {
      const watcher = (state: State): boolean => {
        const held = Either.try(() => predicate(state))
        if (Either.isRight(held) && !held.right) return false
        resume(Either.isRight(held) ? Effect.succeed(state) : Effect.die(held.left))
        return true
      }
      if (watcher(present())) return
      this.waiting.add(watcher)
      return Effect.sync(() => this.waiting.delete(watcher))
    })
  }
}
