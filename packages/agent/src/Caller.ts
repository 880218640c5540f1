/**
 * Calls that run to their end, also when their caller leaves: it has only stopped to wait. What holds an answer back on purpose, an injected fault,
 * does so for as long as somebody waits.
 */
import { Effect, Fiber, FiberRef } from "effect"

const left = FiberRef.unsafeMake<Effect.Latch | undefined>(undefined)

/** Waits until the caller of the call that this fiber carries out has left. Never, if it does not or if there is none. */
export const callerLeft: Effect.Effect<void> = Effect.flatMap(FiberRef.get(left), (latch) =>
  latch === undefined ? Effect.never : latch.await
)

/** Begins a call. Gives what waits for its end: interrupted, it leaves the call alone. */
export const begin = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>> =>
  Effect.suspend(() => {
    const latch = Effect.unsafeMakeLatch(false)
    const running = Effect.forkDaemon(Effect.interruptible(Effect.locally(call, left, latch)))
    return Effect.map(running, (begun) => Effect.onInterrupt(Fiber.join(begun), () => latch.open))
  })

/** Once begun it runs to its end. */
export const toItsEnd = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => Effect.flatMap(begin(call), restore))
