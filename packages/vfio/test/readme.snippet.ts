/** The README's example. `Readme.test.ts` runs it and checks that README.md shows the part between the marks. */
// region readme
import { MigrationFlags, MigrationStates, NextState, Path } from "@stopcopy/vfio"
import { Either } from "effect"

const flags = MigrationFlags.STOP_COPY | MigrationFlags.P2P | MigrationFlags.PRE_COPY

// What a device does when STOP_COPY is requested in PRE_COPY.
const from = MigrationStates.toNumber("PRE_COPY")
const to = MigrationStates.toNumber("STOP_COPY")
export const way = Path.walk(flags, from, to).path.map((state) => MigrationStates.describeNumber(state))
// ["PRE_COPY_P2P (7)", "STOP_COPY (3)"]

// Back into pre-copy there is no way, and the refusal says why.
export const refusal = Either.match(NextState.nextArc(flags, "STOP_COPY", "PRE_COPY"), {
  onLeft: (error) => `${error._tag} ${error.errno}: ${error.refusal?.remedy}`,
  onRight: (state) => state
})
// "EINVAL 22: go through STOP and RUNNING first; this ends the saving session"
// endregion
