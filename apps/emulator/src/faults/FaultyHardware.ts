/** Hardware whose drains may hang: the bank stays busy, and the driver gives up after its 5 s. Source: `qat_common/adf_gen4_hw_data.c`. */
import type { Engine } from "@stopcopy/qat/engine"
import { Effect } from "effect"
import type { Meeting } from "./Meeting.ts"

/** How long the driver waits for a drain, in milliseconds. */
const drainMillis = 5000

export const faultyHardware = (points: Meeting, device: string, engine: Engine.Engine): Engine.Engine => ({
  ...engine,
  drain: (pfBank) =>
    Effect.suspend(() => {
      const hangs = points.meet(device, "Drain").some(({ _tag }) => _tag === "HangDrain")
      if (!hangs) return engine.drain(pfBank)
      const timedOut = Effect.as(Effect.sleep(drainMillis), false)
      return Effect.raceFirst(timedOut, Effect.zipRight(points.cleared, engine.drain(pfBank)))
    })
})
