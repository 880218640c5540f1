/** The behaviors whose events this command line can read. */
import { MigrationFile, Pf, Vf } from "@stopcopy/qat"
import { Replay } from "@stopcopy/runtime"

export const registry: Replay.Registry = Replay.registry(
  Replay.replayable(Pf.behavior),
  Replay.replayable(Vf.behavior),
  Replay.replayable(MigrationFile.behavior)
)
