/**
 * Sessions of a walk: the file that one hands out, made and given back. Source: `drivers/vfio/pci/qat/main.c`; section 4 of the driver specification.
 */
import type { Errno } from "@stopcopy/errno"
import { fromOutside } from "./Failure.ts"
import type { Kind } from "./MigrationFile.ts"
import { because } from "./Refusals.ts"
import { askFile, emit, type Turn } from "./Turn.ts"
import type { Surroundings } from "./VfCommand.ts"

/** Why a migration file cannot be made, if it cannot. */
export const creationFailure = ({ fileCreation }: Surroundings): Errno | undefined =>
  fileCreation === 0
    ? undefined
    : fromOutside(
        fileCreation,
        because(
          "file.create",
          "a migration file must be creatable",
          "set state",
          `errno ${fileCreation}`,
          "0",
          "close files that are no longer used and try again"
        )
      )

/** Opens the file of a session, which begins. */
export const startSession = (turn: Turn, kind: Kind, filledSize: number): void => {
  const file = turn.state.nextFile
  askFile(turn, { _tag: "Open", file, kind, filledSize })
  emit(turn, { _tag: "SessionStarted", kind, file })
}

/** Safe mode begins every session with an empty block, so that nothing of an earlier one can show (quirks 2, 3). */
export const clearForSession = (turn: Turn): void => {
  if (turn.state.mode === "safe") emit(turn, { _tag: "BlockCleared" })
}

/** Takes the user's reference to a file whose session is over. */
export const closeEnded = (turn: Turn, file: number | null): void => {
  if (file !== null && turn.state.files[`${file}`]?.disabled === true) askFile(turn, { _tag: "Close", file })
}
