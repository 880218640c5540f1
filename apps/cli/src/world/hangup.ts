/** A terminal that is closed ends this program as SIGTERM does: its processes are in groups of their own. */
import { Effect, type Scope } from "effect"

/** Until the scope ends. */
export const hangup: Effect.Effect<void, never, Scope.Scope> = Effect.asVoid(
  Effect.acquireRelease(
    Effect.sync(() => {
      const end = (): void => void process.kill(process.pid, "SIGTERM")
      process.once("SIGHUP", end)
      return end
    }),
    (end) => Effect.sync(() => process.off("SIGHUP", end))
  )
)
