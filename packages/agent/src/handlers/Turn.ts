/**
 * One call after the other on one device, in the order of their arrival. A caller that leaves while it waits leaves nothing behind; one
 * that leaves later does not stop what was begun: it runs to its end, so that no session is opened that nobody knows of.
 */
import { Effect } from "effect"
import { begin } from "../Caller.ts"
import { HostBusy } from "../Errors.ts"
import type { DeviceName } from "../Values.ts"

/** How many calls may wait for one device. A coordinator has one at a time. */
const turnLimit = 16

/** The turns of one device. */
export interface Turns {
  /** Runs a call in its turn; refused when too many wait. */
  readonly take: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E | HostBusy>
  /** Runs in its turn what has to follow something that is done already: never refused. */
  readonly follow: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** The turns of one device, all free. */
export const makeTurns = (device: DeviceName): Turns => {
  const permit = Effect.unsafeMakeSemaphore(1)
  let waiting = 0
  const enter = Effect.suspend(() => {
    waiting++
    return Effect.ensuring(
      permit.take(1),
      Effect.sync(() => waiting--)
    )
  })
  const follow: Turns["follow"] = (call) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        yield* restore(enter)
        return yield* restore(yield* begin(Effect.ensuring(call, permit.release(1))))
      })
    )
  const take = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | HostBusy> =>
    Effect.suspend((): Effect.Effect<A, E | HostBusy> => {
      if (waiting < turnLimit) return follow(call)
      return Effect.fail(new HostBusy({ device, reason: `${waiting} calls wait for it already` }))
    })
  return { take, follow }
}
