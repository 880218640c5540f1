/** The user's end of a migration file: every call is a command to its VF. Source: `drivers/vfio/pci/qat/main.c`. */
import { type Errno, isErrno } from "@stopcopy/errno"
import { type JournalError, Now } from "@stopcopy/runtime"
import type { AccessMode, BoundFile, MigrationFile, WriteMode } from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"
import type { BoundVf, PfActor, VfActor } from "./Actors.ts"
import { badLength } from "./MigrationFileErrors.ts"
import { blockBytes } from "./mstate/Layout.ts"
import * as Pf from "./Pf.ts"
import type { VfAnswer } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
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

/** A write of `bytes`, `length` of them as the user says. */
const writing = (pf: PfActor, file: number, bytes: Uint8Array, mode: WriteMode | undefined): VfCommand => {
  const length = mode?.length ?? BigInt(bytes.byteLength)
  const { positioned, faulting } = access(mode)
  return {
    _tag: "WriteFile",
    file,
    positioned,
    faulting: faulting || length > BigInt(bytes.byteLength),
    length,
    // A write that is longer than the block is refused whole; its bytes need not be recorded. Not `slice`: that of a `Buffer` copies nothing.
    bytes: bytes.byteLength > blockBytes ? new Uint8Array(0) : new Uint8Array(bytes),
    pf: Pf.factsOf(pf.unsafeState())
  }
}

const reading = (file: number, length: number | bigint, mode: AccessMode | undefined): VfCommand => ({
  _tag: "ReadFile",
  file,
  ...access(mode),
  length: BigInt(length)
})

/** Closing is never refused: an errno here is a defect of the VF's rules. */
const closed = (asked: Effect.Effect<VfAnswer, Errno | JournalError>): Effect.Effect<void, JournalError> =>
  Now.isNow(asked) && Either.isRight(asked)
    ? Either.void
    : asked.pipe(Effect.asVoid, Effect.catchIf(isErrno, Effect.die))

const boundFile = (pf: PfActor, bound: BoundVf, file: number): BoundFile<JournalError> => ({
  read: (length) =>
    Number.isInteger(length) ? Now.mapNow(bound.ask(reading(file, length, undefined)), bytesOf) : badLength(length),
  write: (bytes) => Now.mapNow(bound.ask(writing(pf, file, bytes, undefined)), countOf),
  close: () => closed(bound.ask({ _tag: "CloseFile", file }))
})

/** File `file` of a VF. The kind is read once: it never changes. */
export const openFile = (pf: PfActor, vf: VfActor, bound: BoundVf, file: number): MigrationFile<JournalError> => ({
  kind: vf.unsafeState().files[`${file}`]?.kind ?? "saving",
  read: (length, mode) =>
    typeof length === "number" && !Number.isInteger(length)
      ? badLength(length)
      : Effect.map(vf.ask(reading(file, length, mode)), bytesOf),
  write: (bytes, mode) => Effect.suspend(() => Effect.map(vf.ask(writing(pf, file, bytes, mode)), countOf)),
  ioctl: (command, argument) =>
    Effect.map(vf.ask({ _tag: "IoctlFile", file, command, argument: argument.slice() }), bytesOf),
  close: closed(vf.ask({ _tag: "CloseFile", file })),
  bound: boundFile(pf, bound, file)
})
