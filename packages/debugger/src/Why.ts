/** Why an event happened and what it led to: the chain of causes up to its root, and everything below, across sources. */
import type { ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { Batch } from "./Batch.ts"
import type { NoSuchEvent } from "./DebuggerError.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Point } from "./Point.ts"
import type { Source } from "./Source.ts"

/** An event with the batch that it was recorded in. */
export interface Cause {
  readonly moment: Moment
  readonly batch: Batch
}

/** A batch that an event led to. */
export interface Effected {
  /** The event that led to it. */
  readonly cause: Point
  readonly batch: Batch
  /** What the events of the batch led to. Empty where it is shown elsewhere already (damaged causation ids can be a cycle). */
  readonly effects: ReadonlyArray<Effected>
}

export interface Why {
  readonly moment: Moment
  readonly batch: Batch
  /** The causes, nearest first. */
  readonly causes: ReadonlyArray<Cause>
  /** A causation id that no source has: the chain goes on elsewhere. Null: the chain is whole, its root came from outside. */
  readonly missing: string | null
  /** What the event led to. */
  readonly effects: ReadonlyArray<Effected>
  /** What other events of the same batch led to. */
  readonly beside: ReadonlyArray<Effected>
}

export const why = (
  _sources: ReadonlyArray<Source>,
  _known: Known,
  _point: Point
): Effect.Effect<Why, ReadError | NoSuchEvent> => Effect.dieMessage("not there yet")
