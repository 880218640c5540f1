/** Whether the service is going down: streams end, and it says that it is not ready. */
import { Context, Effect, Layer } from "effect"

export class Closing extends Context.Tag("@stopcopy/coordinator/Closing")<
  Closing,
  {
    readonly begin: Effect.Effect<void>
    /** Waits for it. */
    readonly begun: Effect.Effect<void>
    readonly isBegun: () => boolean
  }
>() {
  static readonly layer: Layer.Layer<Closing> = Layer.sync(Closing, () => {
    const latch = Effect.unsafeMakeLatch(false)
    let begun = false
    const begin = Effect.suspend(() => {
      begun = true
      return latch.open
    })
    return { begin, begun: latch.await, isBegun: () => begun }
  })
}
