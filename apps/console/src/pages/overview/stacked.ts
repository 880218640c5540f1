/** What ended over time, as series that stand on each other. Pure. */
import type { Summary } from "@stopcopy/coordinator-api"

export const outcomes = ["completed", "cancelled", "failed", "refused"] as const
export type Outcome = (typeof outcomes)[number]

/** Times in seconds since 1970, then for each outcome its upper edge: what is drawn first covers what lies below it. */
export const stacked = ({ periods }: Pick<Summary, "periods">) => {
  const tops = outcomes.map((_, index) =>
    periods.map((period) => outcomes.slice(0, index + 1).reduce((sum, outcome) => sum + period[outcome], 0))
  )
  return { times: periods.map(({ at }) => at / 1000), tops }
}
