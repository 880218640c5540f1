/** The causation forest: what a command led to stands below the event that led to the command. */
import type { ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { Batch } from "./Batch.ts"
import type { InvalidPattern, TreeTooLarge } from "./DebuggerError.ts"
import type { Filter } from "./Filter.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

/** Batches of one tree, at most: it is in memory as a whole. */
export const maxTreeBatches = 200_000

export interface TreeNode {
  readonly batch: Batch
  /** True for a batch with an event that the filter lets through; others are there because such a batch is below them. */
  readonly matches: boolean
  readonly events: ReadonlyArray<TreeEvent>
}

export interface TreeEvent {
  readonly moment: Moment
  /** What this event led to, in the order of the timeline. */
  readonly children: ReadonlyArray<TreeNode>
}

/** The trees of every batch with an event that the filter lets through, up to their roots. */
export const forest = (
  _sources: ReadonlyArray<Source>,
  _known: Known,
  _filter: Filter = {}
): Effect.Effect<ReadonlyArray<TreeNode>, ReadError | InvalidPattern | TreeTooLarge> =>
  Effect.dieMessage("not there yet")
