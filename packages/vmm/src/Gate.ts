/**
 * A gate that accesses pass: while it is shut they wait, and none is lost. Shutting it waits until nobody is inside. Two things use it: accesses to a
 * device, and the steps of a guest's programs (its virtual CPUs).
 */
import { Effect } from "effect"

export class Gate {
  private isOpen = true
  private inside = 0
  private readonly opened = Effect.unsafeMakeLatch(true)
  private readonly empty = Effect.unsafeMakeLatch(true)

  /** Does this once the gate is open. */
  pass<A, E, R>(access: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        if (!this.isOpen) return restore(Effect.zipRight(this.opened.await, this.pass(access)))
        this.inside++
        this.empty.unsafeClose()
        return Effect.ensuring(restore(access), this.leave)
      })
    )
  }

  private readonly leave = Effect.sync(() => {
    this.inside--
    if (this.inside === 0) this.empty.unsafeOpen()
  })

  /** Nobody passes from now on; ends when nobody is inside any more. Interrupted, the gate is open again. */
  readonly shut: Effect.Effect<void> = Effect.suspend(() => {
    this.isOpen = false
    this.opened.unsafeClose()
    return Effect.onInterrupt(this.empty.await, () => this.open)
  })

  /** Lets all pass that wait. */
  readonly open: Effect.Effect<void> = Effect.sync(() => {
    this.isOpen = true
    this.opened.unsafeOpen()
  })
}
