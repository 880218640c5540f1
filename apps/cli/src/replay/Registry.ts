/** The behaviors whose events this command line can read. A behavior that is not here is shown raw. */
import type { Known } from "@stopcopy/debugger"
import { behaviors } from "@stopcopy/debugger/behaviors"
import { Replay } from "@stopcopy/runtime"
import { StandingStill } from "@stopcopy/vmm"
import * as Wire from "../record/Wire.ts"

export const registry: Replay.Registry = Replay.registry(
  ...behaviors,
  Replay.replayable(StandingStill.behavior),
  Replay.replayable(Wire.behavior)
)

/** What the debugger is to know: the behaviors, and which of their events are failures. */
export const known: Known = { registry }
