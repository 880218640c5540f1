/** A turn of Node's event loop. Work that never gives it one hears no signal: Ctrl-C would wait until the work is done. */
import { Effect } from "effect"

/** Goes on when signals and I/O that are due have been handled. */
export const eventLoopTurn: Effect.Effect<void> = Effect.async<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})
