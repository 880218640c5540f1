/** A downtime by cause, as parts of one bar. Pure. */
import type { Downtime } from "@stopcopy/coordinator-api"

const causes = ["drain", "stop", "save", "transfer", "load", "verify", "vote", "commit", "resume", "other"] as const
type Cause = (typeof causes)[number]

interface Part {
  readonly cause: Cause
  readonly means: string
  readonly micros: number
  /** Of the whole, 0 to 1. */
  readonly share: number
  /** The number of its colour, from 1. */
  readonly colour: number
}

const means: Readonly<Record<Cause, string>> = {
  drain: "requests in flight are finished",
  stop: "the source is stopped",
  save: "its state is read",
  transfer: "the state goes to the destination",
  load: "the destination takes it",
  verify: "both sides compare digests",
  vote: "the destination promises",
  commit: "the verdict is written",
  resume: "the destination starts to run",
  other: "between the steps"
}

/** All causes in their order, those that took nothing too. */
export const partsOf = (downtime: Downtime): ReadonlyArray<Part> =>
  causes.map((cause, index) => ({
    cause,
    means: means[cause],
    micros: Math.max(0, downtime[cause]),
    share: downtime.whole === 0 ? 0 : Math.max(0, downtime[cause]) / downtime.whole,
    colour: index + 1
  }))
