/**
 * The two parts of a whole block, in the order of a load's checks: setup part, state part, and what may be wrong with
 * their place. Source: `qat_common/adf_gen4_vf_mig.c`.
 */
import type { Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import { refusal } from "../Refusals.ts"
import { blockBytes, preambleBytes, preambleField } from "./Layout.ts"
import { announcedBytes, hasPreamble, openWindow, type Window } from "./Window.ts"

/** The refusal of bytes that end at `length`, before `wanted` bytes that `what` takes. */
export const tooShort = (length: number, wanted: number, what: string): Refusal =>
  refusal({
    code: "mstate.block.short",
    rule: "a block must hold both parts, whole",
    where: `${what} at offset ${length}`,
    source: `${length} bytes`,
    destination: `at least ${wanted} bytes`,
    remedy: "read the saving file to its end; STOP_COPY yields 4096 bytes"
  })

/** The refusal of a setup part that announces more bytes than a block has. */
export const setupTooLarge = (announced: number): Refusal =>
  refusal({
    code: "mstate.setup.size",
    rule: "the setup part must fit into the block",
    where: `setup preamble at offset ${preambleField.size}`,
    source: `${announced} bytes`,
    destination: `${blockBytes} bytes`,
    remedy: "check that this is a GEN4 migration block and that no bytes before it were lost"
  })

/** The refusal of a setup part of `setupSize` bytes that leaves no room for another preamble. */
const noRoomForState = (setupSize: number): Refusal =>
  refusal({
    code: "mstate.state.room",
    rule: "the state part's preamble must fit behind the setup part",
    where: `state preamble at offset ${setupSize}`,
    source: `${blockBytes - setupSize} bytes left`,
    destination: `${preambleBytes} bytes`,
    remedy: "send the whole stream of one save session, from its beginning"
  })

/** What stops a state part from being behind `setupSize` bytes of setup part in `length` bytes; undefined if nothing does. */
export const stateMissing = (setupSize: number, length: number): Refusal | undefined => {
  if (!hasPreamble(setupSize, blockBytes)) return noRoomForState(setupSize)
  return hasPreamble(setupSize, length) ? undefined : tooShort(length, setupSize + preambleBytes, "state preamble")
}

/** The bytes of a block: those that are there, at most 4096. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, blockBytes))

/** The setup part of a whole block; its `end` is where the state part begins. */
export const setupPart = (view: DataView): Either.Either<Window, Refusal> => {
  const length = view.byteLength
  if (!hasPreamble(0, length)) return Either.left(tooShort(length, preambleBytes, "setup preamble"))
  const size = announcedBytes(view, 0)
  if (size > blockBytes) return Either.left(setupTooLarge(size))
  return size > length ? Either.left(tooShort(length, size, "setup part")) : openWindow(view, "setup", 0, size)
}

/** The state part behind `setupSize` bytes of setup part. */
export const statePart = (view: DataView, setupSize: number): Either.Either<Window, Refusal> => {
  const missing = stateMissing(setupSize, view.byteLength)
  return missing === undefined
    ? openWindow(view, "state", setupSize, view.byteLength - setupSize)
    : Either.left(missing)
}
