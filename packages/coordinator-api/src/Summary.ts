/** How migrations went: counts, downtimes, reasons, over time. Made from those that the fleet remembers, which are the newest. */
import { Schema } from "effect"
import { Phase, Verdict } from "./Migration.ts"
import { Micros, MigrationId, Time } from "./Values.ts"

const Outcome = Verdict.fields.outcome

/** Downtimes from `fromMicros` on and below `toMicros`; null: everything above. */
const DowntimeBin = Schema.Struct({ fromMicros: Micros, toMicros: Schema.NullOr(Micros), count: Schema.Int })

/** How long guests stood still in migrations that completed. */
const Downtimes = Schema.Struct({
  samples: Schema.Int,
  p50Micros: Micros,
  p90Micros: Micros,
  p99Micros: Micros,
  mostMicros: Micros,
  /** One behind the other, all of the same width but for the last. */
  bins: Schema.Array(DowntimeBin)
})

/** Migrations that did not complete for the same reason. Reasons that differ in numbers alone are one. */
const ReasonCount = Schema.Struct({
  outcome: Outcome,
  /** Of the last one. */
  reason: Schema.String,
  count: Schema.Int,
  last: MigrationId
})

/** What ended from `at` on, for the length of a period. */
const Period = Schema.Struct({
  at: Time,
  completed: Schema.Int,
  failed: Schema.Int,
  cancelled: Schema.Int,
  refused: Schema.Int
})

export const Summary = Schema.Struct({
  at: Time,
  /** Those that have not ended, by phase; phases without any are left out. */
  live: Schema.Array(Schema.Struct({ phase: Phase, count: Schema.Int })),
  /** Of these, how many only an operator, or a side that comes back, can end. */
  inDoubt: Schema.Int,
  /** When the first of those that ended, and are remembered, ended; null: none has. */
  since: Schema.NullOr(Time),
  ended: Schema.Array(Schema.Struct({ outcome: Outcome, count: Schema.Int })),
  /** Null: none completed. */
  downtimes: Schema.NullOr(Downtimes),
  /** The most frequent first. */
  reasons: Schema.Array(ReasonCount),
  periodMillis: Schema.Int,
  /** Without gaps, the oldest first; empty: none has ended. */
  periods: Schema.Array(Period)
}).annotations({ identifier: "Summary" })
export type Summary = typeof Summary.Type
