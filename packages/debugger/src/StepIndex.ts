/** The places of a filtered timeline, and the moments of one page of it: what a `Stepper` needs of the sources. */
import type { ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { InvalidPattern } from "./DebuggerError.ts"
import type { Filter } from "./Filter.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

export interface StepIndex {
  readonly sources: ReadonlyArray<Source>
  readonly count: number
  /** By place: sequence, index of the source, 1 for a failure. */
  readonly sequences: Float64Array
  readonly sourceOf: Uint16Array
  readonly failing: Uint8Array
}

/** Reads the timeline once. */
export const loadIndex = (
  _sources: ReadonlyArray<Source>,
  _known: Known,
  _filter: Filter = {}
): Effect.Effect<StepIndex, ReadError | InvalidPattern> => Effect.dieMessage("not there yet")

/** The moments of one page, in order. */
export const loadPage = (
  _known: Known,
  _index: StepIndex,
  _page: number
): Effect.Effect<ReadonlyArray<Moment>, ReadError> => Effect.dieMessage("not there yet")
