/** Two runs of the same thing: where they first differ. */
import type { ReadError } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { Change } from "./Diff.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Source } from "./Source.ts"

export interface CompareOptions {
  /** Fields of payloads that may differ, with all below them: `id`, `files.0.position`. */
  readonly ignore?: ReadonlyArray<string>
  /** Also the order of events across streams. Default: false, each stream is compared for itself. */
  readonly strictOrder?: boolean
  /** Also time, correlation and causation of every event. Default: false. */
  readonly context?: boolean
}

/** The first event that differs. One of the two is missing where a run ends early. */
export interface RunDivergence {
  /** `missing`: `b` lacks the event. `extra`: `b` has one more. `stream`, `type`, `payload`, `context`: these differ. */
  readonly kind: "missing" | "extra" | "stream" | "type" | "payload" | "context"
  readonly stream: string
  readonly a: Moment | undefined
  readonly b: Moment | undefined
  readonly changes: ReadonlyArray<Change>
}

export interface Comparison {
  /** Pairs of events that agree. */
  readonly compared: number
  /** Pairs of which one is redacted: only type and stream were compared. */
  readonly redacted: number
  readonly divergence: RunDivergence | undefined
}

/** The divergence that comes first in the order of `a`; one that only `b` has comes after all of `a`. */
export const compare = (
  _known: Known,
  _a: Source,
  _b: Source,
  _options: CompareOptions = {}
): Effect.Effect<Comparison, ReadError> => Effect.dieMessage("not there yet")
