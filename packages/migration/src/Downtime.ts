/** How long the guest stood still, split by cause, from what the steps took. And how long it will, from what earlier migrations took. */
import { Schema } from "effect"
import { Step } from "./Step.ts"

/** Microseconds. */
const Micros = Schema.NonNegativeInt

/** What a transfer moved; of a group the bytes of all, and the times of the slowest device. */
export const Moved = Schema.Struct({ bytes: Schema.NonNegativeInt, saveMicros: Micros, transferMicros: Micros })
export type Moved = typeof Moved.Type

/** One step that was done, by the coordinator's clock, in microseconds since 1970. */
export const Worked = Schema.Struct({ step: Step, began: Micros, ended: Micros, moved: Schema.NullOr(Moved) })
export type Worked = typeof Worked.Type

/** Microseconds by cause. `other` is what lies between the steps; all parts together are the whole. */
export const Downtime = Schema.Struct({
  whole: Micros,
  drain: Micros,
  stop: Micros,
  /** Reading the data on the source, in STOP_COPY. */
  save: Micros,
  /** Giving it to the destination. */
  transfer: Micros,
  load: Micros,
  verify: Micros,
  vote: Micros,
  commit: Micros,
  /** Until all devices run, on whichever side: fencing and adopting included. */
  resume: Micros,
  other: Schema.Int,
  /** Bytes that were moved while the guest stood still. */
  bytes: Schema.NonNegativeInt
})
export type Downtime = typeof Downtime.Type

const resuming: ReadonlyArray<Step> = [
  ...(["fence", "adopt", "wake", "run"] as const),
  ...(["halt", "settle", "resume", "revoke", "regrant", "retake", "rewake", "rerun"] as const)
]
const running: ReadonlyArray<Step> = ["run", "resume", "rerun"]

/** What the steps of one migration took; undefined if the guest never stood still, or nobody saw it run again. */
export const measure = (work: ReadonlyArray<Worked>): Downtime | undefined => {
  const of = (step: Step): Worked | undefined => work.find((done) => done.step === step)
  const [first, last] = [of("drain"), work.findLast(({ step }) => running.includes(step))]
  if (first === undefined || last === undefined) return undefined
  const took = (step: Step): number => {
    const done = of(step)
    return done === undefined ? 0 : Math.max(0, done.ended - done.began)
  }
  const moved = of("transfer")?.moved ?? { bytes: 0, saveMicros: 0, transferMicros: 0 }
  const parts = {
    drain: took("drain"),
    stop: took("stop"),
    save: moved.saveMicros,
    transfer: moved.transferMicros,
    load: took("load"),
    verify: took("verify"),
    vote: took("vote"),
    commit: took("commit"),
    resume: resuming.reduce((sum, step) => sum + took(step), 0)
  }
  const whole = Math.max(0, last.ended - first.began)
  const other = whole - Object.values(parts).reduce((sum, part) => sum + part, 0)
  return { whole, ...parts, other, bytes: moved.bytes }
}

/** What a migration that is about to stop its guest will take. */
export const Forecast = Schema.Struct({ micros: Micros, samples: Schema.NonNegativeInt })
export type Forecast = typeof Forecast.Type

/** The value that nine of ten are not above. */
const ninth = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * 0.9) - 1] ?? 0

/**
 * Forecast for `bytes`, from the downtimes of migrations that completed: nine of ten of what does not depend on the bytes, and nine of ten of the
 * time for a byte. Undefined without history.
 */
export const forecast = (history: ReadonlyArray<Downtime>, bytes: number): Forecast | undefined => {
  if (history.length === 0) return undefined
  const fixed = ninth(history.map(({ save, transfer, whole }) => whole - save - transfer))
  const each = ninth(history.map(({ bytes: had, save, transfer }) => (had === 0 ? 0 : (save + transfer) / had)))
  return { micros: Math.max(0, Math.round(fixed + each * bytes)), samples: history.length }
}
