/** What an operator settles for the whole fleet. */
import { Schema } from "effect"
import { Millis, strict, whole } from "./Values.ts"

/** Nothing in it is optional: what is put is what holds. */
export const Policy = Schema.Struct({
  /** How many migrations run at once. One counts once on each host and PF that it touches. */
  limits: Schema.Struct({ fleet: whole(1, 4096), host: whole(1, 4096), pf: whole(1, 4096) }).annotations(strict),
  /** Waiting so long is worth one step of priority. */
  ageingMillis: Millis,
  /** For migrations that name none. */
  downtimeLimitMillis: Millis,
  retry: Schema.Struct({
    /** Attempts of one migration, the first included. */
    attempts: whole(1, 100),
    /** The pause before the second attempt; each further one is twice as long, up to `maxMillis`. */
    baseMillis: Millis,
    maxMillis: Millis,
    /** How much of a pause is left to chance: 0 none, 1 all of it. */
    jitter: Schema.Number.pipe(Schema.between(0, 1, { message: () => "write a number from 0 to 1" }))
  }).annotations(strict),
  /** When nothing is started any more between two hosts. */
  breaker: Schema.Struct({
    /** Failures in a row that open it. */
    failures: whole(1, 1000),
    pauseMillis: Millis,
    maxPauseMillis: Millis
  }).annotations(strict)
}).annotations({ identifier: "Policy", ...strict })
export type Policy = typeof Policy.Type
