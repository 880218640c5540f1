/** What the debugger knows of the behaviors in a journal: how their values are read, and which of their events are failures. */
import type { Replay } from "@stopcopy/runtime"
import type { FailureRule } from "./Failures.ts"

export interface Known {
  readonly registry: Replay.Registry
  /** Rules by the name of the behavior, instead of `failureOf`. */
  readonly failures?: ReadonlyMap<string, FailureRule>
}
