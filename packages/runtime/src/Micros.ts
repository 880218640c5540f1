/** Time as the journal has it: microseconds since the Unix epoch. */
import { Clock, Context, DefaultServices, Effect } from "effect"
import type { Fiber } from "effect"

const nanosPerMicro = 1000n

/** Microseconds in a millisecond. */
export const microsPerMilli = 1000

/** The clock of a fiber that was given no other. */
const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/**
 * The time by the fiber's own clock, so that a test's clock counts. The live clock reads what `performance` says, as here, but by way of big
 * integers, which take as long as a decision.
 */
export const microsOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): number => microsBy(clockOf(fiber))

/** The clock of a fiber. */
export const clockOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Clock.Clock =>
  Context.get(fiber.getFiberRef(DefaultServices.currentServices), Clock.Clock)

/** The same by a clock. */
export const microsBy = (clock: Clock.Clock): number =>
  clock === liveClock
    ? Math.floor((performance.timeOrigin + performance.now()) * microsPerMilli)
    : Number(clock.unsafeCurrentTimeNanos() / nanosPerMicro)

/** The time now. */
export const nowMicros: Effect.Effect<number> = Effect.withFiberRuntime((fiber) => Effect.succeed(microsOf(fiber)))
