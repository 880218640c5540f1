/** Something happened: a counter that can be waited on without missing a rise between the look and the wait. */
import { Effect } from "effect"

export class Signal {
  private count = 0
  private readonly waiters = new Set<() => void>()

  /** How often it was raised. */
  get raised(): number {
    return this.count
  }

  raise(): void {
    this.count++
    if (this.waiters.size === 0) return
    const waiting = [...this.waiters]
    this.waiters.clear()
    for (const waiter of waiting) waiter()
  }

  /** Waits until it has been raised more often than `seen`. */
  after(seen: number): Effect.Effect<void> {
    return Effect.async((resume) => {
      if (this.count > seen) return resume(Effect.void)
      const waiter = () => resume(Effect.void)
      this.waiters.add(waiter)
      return Effect.sync(() => this.waiters.delete(waiter))
    })
  }
}
