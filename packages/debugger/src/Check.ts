/**
 * Is a journal what was written, and does it still say the same? Hashes and numbers of every batch, the fold of the events
 * against snapshots and base events, and every stored command decided again. Ends at the first divergence.
 */
import type { ReadError, Verify } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { Change } from "./Diff.ts"
import type { Known } from "./Known.ts"
import type { Source } from "./Source.ts"

/** The first place that is not as it should be. */
export interface Divergence {
  /**
   * `damage`: not what was written, by hash or number. `storage`: the storage's own check. `decision`: a command decided again
   * gives other events. `snapshot`, `base`: another state than the events give. `event`: cannot be read as its behavior says.
   */
  readonly kind: "damage" | "storage" | "decision" | "snapshot" | "base" | "event"
  readonly batch: number | undefined
  /** Sequence of the event. */
  readonly sequence: number | undefined
  /** Stream of the actor. */
  readonly actor: string | undefined
  readonly expected: string
  readonly got: string
  /** Where the two values differ, if both are values. `old` is what is expected, `new` what was got. */
  readonly changes: ReadonlyArray<Change>
}

/** What was not compared, and why. */
export interface Skipped {
  readonly what: "commands" | "entries" | "snapshots" | "base events"
  readonly reason: string
  readonly count: number
}

export interface CheckReport {
  readonly source: Source
  readonly batches: number
  readonly events: number
  /** Commands, and packed entries, that were decided again with the same outcome. */
  readonly commands: number
  readonly entries: number
  readonly snapshots: number
  readonly bases: number
  readonly skipped: ReadonlyArray<Skipped>
  readonly divergence: Divergence | undefined
}

export interface CheckOptions {
  /** A faster SHA-256 than the portable one. */
  readonly sha256?: Verify.Sha256
}

/** Reads the source once. Fails only where it cannot be read; damage is in the report. */
export const check = (
  _known: Known,
  _source: Source,
  _options: CheckOptions = {}
): Effect.Effect<CheckReport, ReadError> => Effect.dieMessage("not there yet")
