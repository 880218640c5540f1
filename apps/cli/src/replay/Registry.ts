/** The behaviors whose events this command line can read. A behavior that is not here is shown raw. */
import { EpochActor } from "@stopcopy/agent"
import type { Known } from "@stopcopy/debugger"
import * as Fleet from "@stopcopy/fleet"
import * as Migration from "@stopcopy/migration"
import { MigrationFile, Pci, Pf, Vf } from "@stopcopy/qat"
import { Replay, Supervision } from "@stopcopy/runtime"
import { StandingStill } from "@stopcopy/vmm/agent"
import * as Wire from "../record/Wire.ts"

/** One entry each; what an application adds stands here and nowhere else. */
const behaviors: ReadonlyArray<Replay.Replayable> = [
  Replay.replayable(Pf.behavior),
  Replay.replayable(Vf.behavior),
  Replay.replayable(MigrationFile.behavior),
  Replay.replayable(Pci.behavior),
  Replay.replayable(EpochActor.behavior),
  Replay.replayable(StandingStill.behavior),
  Replay.replayable(Wire.behavior),
  Replay.replayable(Fleet.behavior),
  Replay.replayable(Migration.behavior),
  Replay.replayable(Supervision.behavior)
]

export const registry: Replay.Registry = Replay.registry(...behaviors)

/** What the debugger is to know: the behaviors, and which of their events are failures. */
export const known: Known = { registry }
