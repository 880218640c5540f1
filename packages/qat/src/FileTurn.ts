/**
 * File operations in the VF's turn: the file checks and moves its position, the VF has the block. Source:
 * `drivers/vfio/pci/qat/main.c`, section 5 of the driver specification.
 */
import { Behavior } from "@stopcopy/runtime"
import { EBADF, type Errno } from "@stopcopy/errno"
import { MigrationStates } from "@stopcopy/vfio"
import { Either } from "effect"
import { fromErrno } from "./Failure.ts"
import type * as MigrationFile from "./MigrationFile.ts"
import { because, sessionOver } from "./MigrationFileErrors.ts"
import * as Ops from "./MigrationOps.ts"
import { accept, askFile, done, emit, refuse, type Turn, type VfDecision } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
import type { Vf } from "./VfState.ts"

type Command<Tag extends VfCommand["_tag"]> = Extract<VfCommand, { readonly _tag: Tag }>
type FileCommand = Command<"ReadFile" | "WriteFile" | "IoctlFile" | "CloseFile" | "ForceFilePosition">

/** A file's refusal is recorded in its own stream already. */
const refused = (turn: Turn, error: Errno): VfDecision => Behavior.refuse(turn.events, error)

const bytesOf = (turn: Turn, answer: MigrationFile.Answer): Uint8Array => {
  switch (answer._tag) {
    case "Range":
      return turn.state.block.slice(answer.offset, answer.offset + answer.length)
    case "Bytes":
      return answer.bytes
    case "Done":
      return new Uint8Array(0)
  }
}

/**
 * A file that outlives its driver: the device that its checks would look at is gone, so that comes first. The kernel touches
 * freed memory here.
 */
const deviceGone = (turn: Turn, file: number, operation: MigrationFile.Operation): VfDecision | undefined => {
  const { files, lifecycle } = turn.state
  const held = files[`${file}`]
  const kind = operation === "write" ? "resuming" : "saving"
  if (lifecycle !== "unbound" || held === undefined || held.closed || held.kind !== kind) return undefined
  const error = sessionOver()
  emit(turn, { _tag: "FileRefused", file, operation, failure: fromErrno(error) })
  return refused(turn, error)
}

/** Reads from a saving file: bytes of the block from its position on. */
const read = (turn: Turn, command: Command<"ReadFile">): VfDecision => {
  const gone = deviceGone(turn, command.file, "read")
  if (gone !== undefined) return gone
  const { mode, migrationState } = turn.state
  const endIsNoMessage = mode === "safe" && MigrationStates.isPreCopy(migrationState)
  const answer = askFile(turn, { ...command, _tag: "Read", endIsNoMessage })
  if (Either.isLeft(answer)) return refused(turn, answer.left)
  return accept(turn, { _tag: "Bytes", bytes: bytesOf(turn, answer.right) })
}

/** Where a write to a file would go: its position is the offset in the block. */
const positionOf = (turn: Turn, file: number): number => turn.state.files[`${file}`]?.position ?? 0

const wipe = (turn: Turn, command: Command<"WriteFile">, error: Errno): VfDecision => {
  if (error._tag === "EFAULT") {
    emit(turn, { _tag: "BlockWiped", offset: positionOf(turn, command.file), length: Number(command.length) })
  }
  return refused(turn, error)
}

const padded = (bytes: Uint8Array, length: number): Uint8Array => {
  if (bytes.length === length) return bytes
  const all = new Uint8Array(length)
  all.set(bytes.subarray(0, length))
  return all
}

/**
 * Writes to a resuming file, then judges the setup part if it is whole. The bytes are taken even when the judgement is no.
 */
const write = (turn: Turn, command: Command<"WriteFile">): VfDecision => {
  const { file, pf } = command
  const gone = deviceGone(turn, file, "write")
  if (gone !== undefined) return gone
  const answer = askFile(turn, {
    _tag: "Write",
    file,
    length: command.length,
    positioned: command.positioned,
    faulting: command.faulting
  })
  if (Either.isLeft(answer)) return wipe(turn, command, answer.left)
  const count = Number(command.length)
  const offset = positionOf(turn, file) - count
  if (count > 0) emit(turn, { _tag: "BlockReceived", offset, bytes: padded(command.bytes, count) })
  const judged = Ops.loadSetup(turn, turn.state.files[`${file}`]?.filledSize ?? 0, pf)
  if (Either.isLeft(judged) && judged.left._tag !== "EAGAIN") {
    emit(turn, { _tag: "FileRefused", file, operation: "write", failure: fromErrno(judged.left) })
    return refused(turn, judged.left)
  }
  return accept(turn, { _tag: "Count", count })
}

/** `MIG_GET_PRECOPY_INFO` on a saving file. */
const ioctl = (turn: Turn, command: Command<"IoctlFile">): VfDecision => {
  const gone = deviceGone(turn, command.file, "ioctl")
  if (gone !== undefined) return gone
  const { migrationState, setupSize } = turn.state
  const answer = askFile(turn, { ...command, _tag: "Ioctl", state: migrationState, setupSize })
  if (Either.isLeft(answer)) return refused(turn, answer.left)
  return accept(turn, { _tag: "Bytes", bytes: bytesOf(turn, answer.right) })
}

/** Drops the user's descriptor; the device keeps its own reference until the session ends. */
const close = (turn: Turn, file: number): VfDecision => {
  askFile(turn, { _tag: "Close", file })
  return done(turn)
}

const forcePosition = (turn: Turn, file: number, position: number): VfDecision => {
  askFile(turn, { _tag: "ForcePosition", file, position })
  return done(turn)
}

const unknownFile = ({ nextFile }: Vf, file: number): EBADF =>
  new EBADF(
    because(
      "file.unknown",
      "the file must have been handed out",
      `file ${file}`,
      nextFile === 0 ? "none yet" : `0..${nextFile - 1}`,
      "use the file that a walk gave"
    )
  )

/** A command to one of the VF's files. A number that was never handed out is `EBADF`, in the VF's own stream. */
export const decide = (turn: Turn, command: FileCommand): VfDecision => {
  const { file } = command
  if (file >= turn.state.nextFile) return refuse(turn, command._tag, unknownFile(turn.state, file))
  switch (command._tag) {
    case "ReadFile":
      return read(turn, command)
    case "WriteFile":
      return write(turn, command)
    case "IoctlFile":
      return ioctl(turn, command)
    case "CloseFile":
      return close(turn, file)
    case "ForceFilePosition":
      return forcePosition(turn, file, command.position)
  }
}
