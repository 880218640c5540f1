/** Whole messages of a header and a payload, for where a message may cost a fresh buffer. Source: QEMU `docs/interop/vfio-user.rst`. */
import { encodeHeader, errorReply, headerBytes, noReply, typeCommand, typeReply } from "./Header.ts"

const noPayload = new Uint8Array(0)

const encode = (
  id: number,
  command: number,
  flags: number,
  error: number,
  payload: Uint8Array
): Uint8Array<ArrayBuffer> => {
  const message = new Uint8Array(headerBytes + payload.byteLength)
  const size = message.byteLength
  encodeHeader(new DataView(message.buffer), 0, { id, command, size, flags, error })
  message.set(payload, headerBytes)
  return message
}

/** A command. With `wantsReply` false the peer answers neither success nor failure. */
export const encodeCommand = (
  id: number,
  command: number,
  payload: Uint8Array = noPayload,
  wantsReply = true
): Uint8Array<ArrayBuffer> => encode(id, command, wantsReply ? typeCommand : typeCommand | noReply, 0, payload)

/** A good reply to the command with this id. */
export const encodeReply = (id: number, command: number, payload: Uint8Array = noPayload): Uint8Array<ArrayBuffer> =>
  encode(id, command, typeReply, 0, payload)

/** An error reply: a header alone. `errno` is positive. */
export const encodeErrorReply = (id: number, command: number, errno: number): Uint8Array<ArrayBuffer> =>
  encode(id, command, typeReply | errorReply, errno, noPayload)
