/** The coordinator's clock. */
import { Clock, Effect } from "effect"

/** Microseconds since 1970. */
export const nowMicros: Effect.Effect<number> = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1000n))
