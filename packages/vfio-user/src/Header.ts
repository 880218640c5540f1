/**
 * The header of every vfio-user message. Source: QEMU `docs/interop/vfio-user.rst`, "Header". 16 bytes, little endian (host byte order of all machines
 * of interest): 0 u16 message id, 2 u16 command, 4 u32 size of the whole message in bytes, 8 u32 flags, 12 u32 errno of an error reply.
 */

/** Size of the header, in bytes. */
export const headerBytes = 16

/** Bits 0 to 3 of the flags: what the message is. */
export const typeMask = 0xf
export const typeCommand = 0
export const typeReply = 1
/** The sender of the command wants no reply, not even of a failure. */
export const noReply = 0x10
/** A reply that says why the command failed. */
export const errorReply = 0x20

export interface Header {
  /** 0 to 65535, of the sender of the command; a reply echoes it. */
  readonly id: number
  readonly command: number
  /** Of header and payload, in bytes. */
  readonly size: number
  readonly flags: number
  readonly error: number
}

/** Reads the header at `offset`; 16 bytes must be there. */
export const decodeHeader = (view: DataView, offset: number): Header => ({
  id: view.getUint16(offset, true),
  command: view.getUint16(offset + 2, true),
  size: view.getUint32(offset + 4, true),
  flags: view.getUint32(offset + 8, true),
  error: view.getUint32(offset + 12, true)
})

/** Writes a header at `offset`; 16 bytes must be there. */
export const encodeHeader = (view: DataView, offset: number, { command, error, flags, id, size }: Header): void => {
  view.setUint16(offset, id, true)
  view.setUint16(offset + 2, command, true)
  view.setUint32(offset + 4, size, true)
  view.setUint32(offset + 8, flags, true)
  view.setUint32(offset + 12, error, true)
}
