/** The user's end of a migration file: every call is a command to its VF. Source: `drivers/vfio/pci/qat/main.c`. */
import { type Errno, isErrno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import type { AccessMode, MigrationFile, WriteMode } from "@stopcopy/vfio"
import { Effect, Option } from "effect"
import type { PfActor, VfActor } from "./Actors.ts"
import { badLength } from "./MigrationFileErrors.ts"
import { blockBytes } from "./mstate/Layout.ts"
import * as Pf from "./Pf.ts"
import type { VfAnswer } from "./Turn.ts"
import type { Vf } from "./VfState.ts"

const access = (mode: AccessMode | undefined) => ({
  positioned: mode?.positioned ?? false,
  faulting: mode?.faulting ?? false
})

const bytesOf = (answer: VfAnswer): Uint8Array => (answer._tag === "Bytes" ? answer.bytes : new Uint8Array(0))
const countOf = (answer: VfAnswer): number => (answer._tag === "Count" ? answer.count : 0)

/** Number of the file that the user has of the session under way. None without a session, and once the file is closed. */
export const fileUnderWay = ({ files, resuming, saving }: Vf): Option.Option<number> => {
  const file = saving ?? resuming
  const found = file === null ? undefined : files[`${file}`]
  return file === null || found === undefined || found.closed || found.disabled ? Option.none() : Option.some(file)
}

/** File `file` of a VF. The kind is read once: it never changes. */
export const openFile = (pf: PfActor, vf: VfActor, file: number): MigrationFile<JournalError> => {
  const write = (bytes: Uint8Array, mode?: WriteMode): Effect.Effect<number, Errno | JournalError> =>
    Effect.suspend(() => {
      const length = mode?.length ?? BigInt(bytes.byteLength)
      const { positioned, faulting } = access(mode)
      return Effect.map(
        vf.ask({
          _tag: "WriteFile",
          file,
          positioned,
          faulting: faulting || length > BigInt(bytes.byteLength),
          length,
          // A write that is longer than the block is refused whole; its bytes need not be recorded.
          bytes: bytes.byteLength > blockBytes ? new Uint8Array(0) : bytes.slice(),
          pf: Pf.factsOf(pf.unsafeState())
        }),
        countOf
      )
    })
  return {
    kind: vf.unsafeState().files[`${file}`]?.kind ?? "saving",
    read: (length, mode) =>
      typeof length === "number" && !Number.isInteger(length)
        ? badLength(length)
        : Effect.map(vf.ask({ _tag: "ReadFile", file, ...access(mode), length: BigInt(length) }), bytesOf),
    write,
    ioctl: (command, argument) =>
      Effect.map(vf.ask({ _tag: "IoctlFile", file, command, argument: argument.slice() }), bytesOf),
    // Closing is never refused: an errno here is a defect of the VF's rules.
    close: vf.ask({ _tag: "CloseFile", file }).pipe(Effect.asVoid, Effect.catchIf(isErrno, Effect.die))
  }
}
