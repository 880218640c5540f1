/** What a check of a journal found: the first divergence, and how much was looked at. */
import type { Change } from "./Diff.ts"
import type { Source } from "./Source.ts"

/** The first place that is not as it should be. */
export interface Divergence {
  /**
   * `damage`: not what was written, by hash or number. `storage`: the storage's own check. `decision`: a command decided again
   * gives other events than are stored. `snapshot`, `base`: another state than the events give. `event`: it cannot be read as
   * its behavior says.
   */
  readonly kind: "damage" | "storage" | "decision" | "snapshot" | "base" | "event"
  readonly batch: number | undefined
  /** Sequence of the event. */
  readonly sequence: number | undefined
  /** Stream of the actor. */
  readonly actor: string | undefined
  /** What the events that are stored say. */
  readonly expected: string
  /** What deciding them again, a snapshot or a base event says. */
  readonly got: string
  /** Where the two values differ, if both are values: `old` is what is expected, `new` what was got. */
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
  /** Commands that were decided again with the same outcome. */
  readonly commands: number
  /** Packed entries of which that was so. */
  readonly entries: number
  /** Snapshots and base events that the events led to. */
  readonly snapshots: number
  readonly bases: number
  readonly skipped: ReadonlyArray<Skipped>
  readonly divergence: Divergence | undefined
}

/** What is counted on the way. */
type Counted = "batches" | "events" | "commands" | "entries" | "snapshots" | "bases"

/** The counts of a check that is under way. */
export class Counts {
  private readonly counts = { batches: 0, events: 0, commands: 0, entries: 0, snapshots: 0, bases: 0 }
  private readonly passed = new Map<string, Skipped>()

  /** Answers with nothing, as what found no divergence does; so does `skip`. */
  add(what: Counted, count = 1): undefined {
    this.counts[what] += count
  }

  skip(what: Skipped["what"], reason: string): undefined {
    const key = `${what}: ${reason}`
    this.passed.set(key, { what, reason, count: (this.passed.get(key)?.count ?? 0) + 1 })
  }

  report(source: Source, divergence: Divergence | undefined): CheckReport {
    return { source, ...this.counts, skipped: [...this.passed.values()], divergence }
  }
}
