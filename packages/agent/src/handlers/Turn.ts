/**
 * One call after the other on one device, in the order of their arrival. A caller that leaves while it waits leaves nothing behind; one
 * that leaves later does not stop what was begun: it runs to its end, so that no session is opened that nobody knows of.
 */
import { Effect, Fiber } from "effect"
import { HostBusy } from "../Errors.ts"
import type { DeviceName } from "../Values.ts"

/** How many calls may wait for one device. A coordinator has one at a time. */
export const turnLimit = 16

/** Runs a call in its turn. */
export type Turn = <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E | HostBusy>

/** The turns of one device. */
export const makeTurn = (device: DeviceName): Turn => {
  const permit = Effect.unsafeMakeSemaphore(1)
  let waiting = 0
  const enter = Effect.suspend(() => {
    if (waiting >= turnLimit) {
      return Effect.fail(new HostBusy({ device, reason: `${waiting} calls wait for it already` }))
    }
    waiting++
    return Effect.ensuring(
      permit.take(1),
      Effect.sync(() => waiting--)
    )
  })
  return (call) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        yield* restore(enter)
        const begun = yield* Effect.forkDaemon(Effect.ensuring(call, permit.release(1)))
        return yield* restore(Fiber.join(begun))
      })
    )
}
