/**
 * A migration file: the stream that one session hands to the user. An actor with its own stream of events that lives in
 * its VF's turn; what belongs to the VF (block, setup size, state) comes in as fields of a command. Source:
 * `drivers/vfio/pci/qat/main.c`, sections 5.1 to 5.5 of the driver specification, whose order of checks is kept.
 */
import { BytesFromBase64 } from "./Base64.ts"
import { EINVAL, ENOMEM, ENOMSG, ENOTTY, EOVERFLOW, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { MigrationState, PrecopyInfo } from "@stopcopy/vfio"
import { Either, Schema } from "effect"
import { Failure, fromErrno } from "./Failure.ts"
import {
  because,
  bufferFault,
  badLength,
  noDescriptor,
  notAStream,
  sessionOver,
  wrongDirection
} from "./MigrationFileErrors.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { Whole } from "./Unsigned.ts"

export const Kind = Schema.Literal("saving", "resuming")
export type Kind = typeof Kind.Type

/** `position` and `filledSize` in bytes of the VF's block. */
export const MigrationFile = Schema.Struct({
  kind: Kind,
  /** The session is over: every transfer is `ENODEV`. */
  disabled: Schema.Boolean,
  /** The user's descriptor is gone. */
  closed: Schema.Boolean,
  /** The file's own operations keep it in 0..4096; a forced one may be any number. */
  position: Whole,
  filledSize: Schema.Int
})
export type MigrationFile = typeof MigrationFile.Type

/** Before the first event: no session, nothing to read. */
export const initial: MigrationFile = { kind: "saving", disabled: true, closed: true, position: 0, filledSize: 0 }

const of = { file: Schema.NonNegativeInt }
const Operation = Schema.Literal("read", "write", "ioctl")
/** What a user can ask of a file. */
export type Operation = typeof Operation.Type

export const Event = Schema.Union(
  Schema.TaggedStruct("FileOpened", { ...of, kind: Kind, filledSize: Schema.Int }),
  /** More of the block may be read from now on. */
  Schema.TaggedStruct("FileFilled", { ...of, filledSize: Schema.Int }),
  Schema.TaggedStruct("FileDisabled", of),
  Schema.TaggedStruct("FileClosed", of),
  Schema.TaggedStruct("FileRead", { ...of, length: Schema.NonNegativeInt }),
  Schema.TaggedStruct("FileWritten", { ...of, length: Schema.NonNegativeInt }),
  Schema.TaggedStruct("PrecopyInfoGiven", { ...of, initialBytes: Schema.BigInt }),
  Schema.TaggedStruct("FileRefused", { ...of, operation: Operation, failure: Failure }),
  /** Conformance tests only: a position that the file's own operations cannot reach. */
  Schema.TaggedStruct("FilePositionForced", { ...of, position: Whole })
)
export type Event = typeof Event.Type

const access = { positioned: Schema.Boolean, faulting: Schema.Boolean }

export const Command = Schema.Union(
  Schema.TaggedStruct("Open", { ...of, kind: Kind, filledSize: Schema.Int }),
  Schema.TaggedStruct("Fill", { ...of, filledSize: Schema.Int }),
  Schema.TaggedStruct("Disable", of),
  Schema.TaggedStruct("Close", of),
  /** `endIsNoMessage`: at the end of the data answer `ENOMSG` instead of no bytes (pre-copy in safe mode). */
  Schema.TaggedStruct("Read", { ...of, ...access, length: Schema.BigInt, endIsNoMessage: Schema.Boolean }),
  Schema.TaggedStruct("Write", { ...of, ...access, length: Schema.BigInt }),
  Schema.TaggedStruct("Ioctl", {
    ...of,
    command: Schema.Int,
    argument: BytesFromBase64,
    state: MigrationState,
    setupSize: Schema.Int
  }),
  Schema.TaggedStruct("ForcePosition", { ...of, position: Whole })
)
export type Command = typeof Command.Type

/** What a command gives back: a range of the block for transfers, bytes for an ioctl. */
export type Answer =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Range"; readonly offset: number; readonly length: number }
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }

type Decision = Behavior.Decision<Event, Answer, Errno>

const refuse = (file: number, operation: Operation, error: Errno): Decision =>
  Behavior.refuse([{ _tag: "FileRefused", file, operation, failure: fromErrno(error) }], error)

const done: Answer = { _tag: "Done" }

type Read = Extract<Command, { readonly _tag: "Read" }>
type Write = Extract<Command, { readonly _tag: "Write" }>
type Ioctl = Extract<Command, { readonly _tag: "Ioctl" }>

const readFailure = (state: MigrationFile, command: Read): Errno | undefined => {
  if (state.closed) return noDescriptor()
  if (command.length < 0n) return badLength(command.length)
  if (state.kind === "resuming") return wrongDirection(state.kind, "read")
  if (command.positioned) return notAStream()
  if (state.position < 0 || state.position > state.filledSize) {
    return new EINVAL(
      because(
        "file.position",
        "the position must be inside the saved data",
        `${state.position}`,
        `0..${state.filledSize}`,
        "reset the device and start a new session"
      )
    )
  }
  return state.disabled ? sessionOver() : undefined
}

const min = (left: bigint, right: number): number => (left < BigInt(right) ? Number(left) : right)

const decideRead = (state: MigrationFile, command: Read): Decision => {
  const failure = readFailure(state, command)
  if (failure !== undefined) return refuse(command.file, "read", failure)
  const available = state.filledSize - state.position
  const length = min(command.length, available)
  if (length === 0 && command.length > 0n && command.endIsNoMessage) {
    const end = because(
      "file.precopy.end",
      "pre-copy data is exhausted for now",
      "0 bytes",
      "1 or more",
      "go on to STOP_COPY, or read later"
    )
    return refuse(command.file, "read", new ENOMSG(end))
  }
  if (length > 0 && command.faulting) return refuse(command.file, "read", bufferFault())
  const answer: Answer = { _tag: "Range", offset: state.position, length }
  return Behavior.accept([{ _tag: "FileRead", file: command.file, length }], answer)
}

/** Largest value of a signed 64-bit file offset. */
const largestOffset = 0x7fff_ffff_ffff_ffffn

const writeFailure = (state: MigrationFile, command: Write): Errno | undefined => {
  if (state.closed) return noDescriptor()
  if (command.length < 0n) return badLength(command.length)
  if (state.kind === "saving") return wrongDirection(state.kind, "write")
  if (command.positioned) return notAStream()
  const end = BigInt(state.position) + command.length
  if (state.position < 0 || end > largestOffset) {
    return new EOVERFLOW(
      because(
        "file.offset",
        "position and length must fit a signed 64-bit offset",
        `${state.position} + ${command.length}`,
        `0..${largestOffset}`,
        "write the stream of one session, at most 4096 bytes"
      )
    )
  }
  if (end > BigInt(blockBytes)) {
    return new ENOMEM(
      because(
        "file.block",
        "the stream must fit into the migration block",
        `ends at ${end}`,
        `${blockBytes} bytes`,
        "write the stream of one session, at most 4096 bytes; nothing of this write was taken"
      )
    )
  }
  return state.disabled ? sessionOver() : undefined
}

const decideWrite = (state: MigrationFile, command: Write): Decision => {
  const failure = writeFailure(state, command)
  if (failure !== undefined) return refuse(command.file, "write", failure)
  const length = Number(command.length)
  if (length > 0 && command.faulting) return refuse(command.file, "write", bufferFault())
  const answer: Answer = { _tag: "Range", offset: state.position, length }
  return Behavior.accept([{ _tag: "FileWritten", file: command.file, length }], answer)
}

const decideIoctl = (state: MigrationFile, command: Ioctl): Decision => {
  if (state.closed) return refuse(command.file, "ioctl", noDescriptor())
  if (state.kind === "resuming") {
    const none = because(
      "file.ioctl",
      "a resuming file knows no ioctl",
      `0x${command.command.toString(16)}`,
      "none",
      "ask the saving file"
    )
    return refuse(command.file, "ioctl", new ENOTTY(none))
  }
  const checked = PrecopyInfo.check({
    command: command.command,
    argument: command.argument,
    state: command.state,
    alive: !state.disabled
  })
  if (Either.isLeft(checked)) return refuse(command.file, "ioctl", checked.left)
  if (state.position > command.setupSize) {
    const past = because(
      "file.precopy.position",
      "the position must not be past the setup part",
      `${state.position}`,
      `${command.setupSize}`,
      "ask before the saved state is read"
    )
    return refuse(command.file, "ioctl", new EINVAL(past))
  }
  const initialBytes = BigInt.asUintN(64, BigInt(command.setupSize) - BigInt(state.position))
  const bytes = PrecopyInfo.encode({ ...checked.right, initialBytes, dirtyBytes: 0n })
  return Behavior.accept([{ _tag: "PrecopyInfoGiven", file: command.file, initialBytes }], { _tag: "Bytes", bytes })
}

/** What a command does to the file. Answers with ranges of the block: the VF has the bytes. */
export const decide = (state: MigrationFile, command: Command): Decision => {
  const { file } = command
  switch (command._tag) {
    case "Open":
      return Behavior.accept([{ _tag: "FileOpened", file, kind: command.kind, filledSize: command.filledSize }], done)
    case "Fill":
      return Behavior.accept([{ _tag: "FileFilled", file, filledSize: command.filledSize }], done)
    case "Disable":
      return Behavior.accept(state.disabled ? [] : [{ _tag: "FileDisabled", file }], done)
    case "Close":
      return Behavior.accept(state.closed ? [] : [{ _tag: "FileClosed", file }], done)
    case "Read":
      return decideRead(state, command)
    case "Write":
      return decideWrite(state, command)
    case "Ioctl":
      return decideIoctl(state, command)
    case "ForcePosition":
      return Behavior.accept([{ _tag: "FilePositionForced", file, position: command.position }], done)
  }
}

/** Applies one event of the file. Total. */
export const evolve = (state: MigrationFile, event: Event): MigrationFile => {
  switch (event._tag) {
    case "FileOpened":
      return { kind: event.kind, disabled: false, closed: false, position: 0, filledSize: event.filledSize }
    case "FileFilled":
      return { ...state, filledSize: event.filledSize }
    case "FileDisabled":
      return { ...state, disabled: true, position: 0, filledSize: 0 }
    case "FileClosed":
      return { ...state, closed: true }
    case "FileRead":
      return { ...state, position: state.position + event.length }
    case "FileWritten":
      return { ...state, position: state.position + event.length, filledSize: state.filledSize + event.length }
    case "FilePositionForced":
      return { ...state, position: event.position }
    case "PrecopyInfoGiven":
    case "FileRefused":
      return state
  }
}

/**
 * Schema version of the events of a VF and of its files. One number for both: a file's events are written in its VF's turn
 * and carry the version of that behavior.
 */
export const schemaVersion = 1

/** The file as an actor: what replays its stream alone. */
export const behavior = Behavior.make({
  name: "file",
  version: schemaVersion,
  state: MigrationFile,
  command: Command,
  event: Event,
  initial,
  decide,
  evolve
})
