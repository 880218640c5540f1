/** What past migrations took, in bounded memory: a sketch for the whole migration, one for its downtime, one for each cause. Times in milliseconds. */
import { Schema } from "effect"
import type { Cause, Outcome } from "./Migration.ts"
import * as Sketches from "./Sketch.ts"
import { Sketch } from "./Sketch.ts"

export const History = Schema.Struct({
  duration: Sketch,
  downtime: Sketch,
  drain: Sketch,
  stop: Sketch,
  save: Sketch,
  transfer: Sketch,
  load: Sketch,
  verify: Sketch,
  vote: Sketch,
  commit: Sketch,
  resume: Sketch
})
export type History = typeof History.Type

const none = Sketches.empty
export const empty: History = {
  duration: none,
  downtime: none,
  drain: none,
  stop: none,
  save: none,
  transfer: none,
  load: none,
  verify: none,
  vote: none,
  commit: none,
  resume: none
}

/** Takes in a migration that completed. */
export const record = (history: History, done: Extract<Outcome, { readonly _tag: "Completed" }>): History => {
  const causes = Object.fromEntries(
    done.split.map(([cause, value]) => [cause, Sketches.add(history[cause], value)] as const)
  )
  return {
    ...history,
    ...causes,
    duration: Sketches.add(history.duration, done.durationMs),
    downtime: Sketches.add(history.downtime, done.downtimeMs)
  }
}

/** What to expect, at most 1 % off what was measured. `samples`: how many measurements speak (old ones count half, and so on). */
export const Forecast = Schema.Struct({ p50: Schema.Finite, p99: Schema.Finite, samples: Schema.Finite })
export type Forecast = typeof Forecast.Type

/** Undefined where nothing was measured yet: then nobody knows. */
export const forecast = (history: History, of: Cause | "duration" | "downtime"): Forecast | undefined => {
  const sketch = history[of]
  const [p50, p99] = [Sketches.quantile(sketch, 0.5), Sketches.quantile(sketch, 0.99)]
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99, samples: sketch.weight }
}
