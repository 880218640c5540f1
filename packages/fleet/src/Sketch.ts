/**
 * Quantiles of measurements in bounded memory: counts in buckets whose bounds grow by 2 %, so that a quantile is at most 1 % off. When 4096 are in it
 * all counts are halved: old measurements fade, and what is forgotten makes room. At most about 1,400 buckets (a microsecond to eleven days), a few
 * dozen for what one fleet measures. Source: the relative-error buckets of DDSketch (Masson, Rim, Lee, VLDB 2019).
 */
import { Schema } from "effect"

export const Sketch = Schema.Struct({
  /** Measurements that the counts stand for: what was halved counts half. */
  weight: Schema.Finite,
  /** Pairs of bucket and count, in the order of the buckets. */
  buckets: Schema.Array(Schema.Tuple(Schema.Int, Schema.Int))
})
export type Sketch = typeof Sketch.Type

export const empty: Sketch = { weight: 0, buckets: [] }

/** How far a quantile may be from the measurement that it stands for. */
export const relativeError = 0.01
/** From here on counts are halved. */
export const weightLimit = 4096

const growth = (1 + relativeError) / (1 - relativeError)
/** What is counted as the least and the greatest, in milliseconds. */
const [least, greatest] = [0.001, 1e9]

const bucketOf = (value: number): number =>
  Math.ceil(Math.log(Math.min(Math.max(value, least), greatest)) / Math.log(growth))

const valueOf = (bucket: number): number => (2 * growth ** bucket) / (growth + 1)

const halved = ({ buckets }: Sketch): Sketch => {
  const left = buckets.map(([bucket, count]) => [bucket, count >> 1] as const).filter(([, count]) => count > 0)
  return { weight: left.reduce((sum, [, count]) => sum + count, 0), buckets: left }
}

/** Adds a measurement in milliseconds; 0 counts as a microsecond. */
export const add = (sketch: Sketch, value: number): Sketch => {
  const bucket = bucketOf(value)
  const { buckets, weight } = sketch.weight >= weightLimit ? halved(sketch) : sketch
  const place = buckets.findIndex(([at]) => at >= bucket)
  const found = place === -1 ? undefined : buckets[place]
  const next = buckets.slice()
  if (found?.[0] === bucket) next[place] = [bucket, found[1] + 1]
  else next.splice(place === -1 ? next.length : place, 0, [bucket, 1])
  return { weight: weight + 1, buckets: next }
}

/** The measurement below which `part` (0 to 1) of them are, in milliseconds; undefined where there are none. */
export const quantile = ({ buckets, weight }: Sketch, part: number): number | undefined => {
  const rank = part * (weight - 1)
  let below = 0
  for (const [bucket, count] of buckets) {
    below += count
    if (below > rank) return valueOf(bucket)
  }
  return undefined
}
