/** The behaviors of Stopcopy's own hosts and of its coordinator: what a debugger of their journals is to know. One that is not here is shown raw. */
import { CustodyActor, EpochActor } from "@stopcopy/agent"
import * as Fleet from "@stopcopy/fleet"
import * as Migration from "@stopcopy/migration"
import { MigrationFile, Pci, Pf, Vf } from "@stopcopy/qat"
import { Replay, Supervision } from "@stopcopy/runtime"

/** One entry each; a new behavior stands here and nowhere else. */
export const behaviors: ReadonlyArray<Replay.Replayable> = [
  Replay.replayable(Pf.behavior),
  Replay.replayable(Vf.behavior),
  Replay.replayable(MigrationFile.behavior),
  Replay.replayable(Pci.behavior),
  Replay.replayable(EpochActor.behavior),
  Replay.replayable(CustodyActor.behavior),
  Replay.replayable(Fleet.behavior),
  Replay.replayable(Migration.behavior),
  Replay.replayable(Supervision.behavior)
]
