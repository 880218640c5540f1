/**
 * Polling a register bit the way the kernel's `read_poll_timeout` does: read, sleep, read; and once more after the deadline,
 * so that a bit that comes exactly at the limit counts. Time is the Effect clock's.
 */
import { Clock, Effect } from "effect"

/** True when `ready` was; false when `limitMicros` have passed without it (null: no limit). */
export const poll = <E, R>(
  ready: Effect.Effect<boolean, E, R>,
  periodMicros: number,
  limitMicros: number | null
): Effect.Effect<boolean, E, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeNanos
    for (;;) {
      if (yield* ready) return true
      const elapsedMicros = Number(((yield* Clock.currentTimeNanos) - start) / 1000n)
      if (limitMicros !== null && elapsedMicros > limitMicros) return yield* ready
      yield* Effect.sleep(`${periodMicros} micros`)
    }
  })
