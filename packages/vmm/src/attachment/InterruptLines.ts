/**
 * The interrupts of an attached device as its driver sees them: how often each vector was told, and waiting for the next time. Counts go on over
 * reconnections and moves.
 */
import { Effect } from "effect"

interface Waiting {
  readonly vector: number
  readonly after: number
  readonly told: (count: number) => void
}

export class InterruptLines {
  private readonly counts: Array<number> = []
  private readonly waiting = new Set<Waiting>()

  /** How often the vector was told. */
  count(vector: number): number {
    return this.counts[vector] ?? 0
  }

  /** The vector is told once more. */
  raise(vector: number): void {
    const count = this.count(vector) + 1
    this.counts[vector] = count
    for (const each of this.waiting) {
      if (each.vector !== vector || each.after >= count) continue
      this.waiting.delete(each)
      each.told(count)
    }
  }

  /** Every vector that was ever told or is waited for is told once more, and all below `vectors`: whoever waits looks for itself. */
  raiseAll(vectors: number): void {
    const waited = [...this.waiting].map(({ vector }) => vector + 1)
    const count = Math.max(vectors, this.counts.length, ...waited)
    for (let vector = 0; vector < count; vector++) this.raise(vector)
  }

  /** Waits until the vector was told more than `after` times; gives how often it was. */
  next(vector: number, after: number): Effect.Effect<number> {
    return Effect.async((resume) => {
      const count = this.count(vector)
      if (count > after) return resume(Effect.succeed(count))
      const one: Waiting = { vector, after, told: (now) => resume(Effect.succeed(now)) }
      this.waiting.add(one)
      return Effect.sync(() => this.waiting.delete(one))
    })
  }
}
