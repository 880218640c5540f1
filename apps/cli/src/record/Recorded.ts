/**
 * What of a message is recorded. Memory of guests and their keys travel in register accesses, DMA and migration data: of those the head is kept, which says
 * where and how much, and a digest of the rest. Everything else is kept whole up to a limit.
 */
import { Command, commandName, Header } from "@stopcopy/vfio-user"
import { crc32 } from "node:zlib"
import type { Digest, Direction, Message } from "./WireCommand.ts"

/** Bytes of payload that are kept of messages that carry data of the guest. */
const heads: ReadonlyMap<number, number> = new Map<number, number>([
  [Command.REGION_READ, 16],
  [Command.REGION_WRITE, 16],
  [Command.REGION_WRITE_MULTI, 8],
  [Command.DMA_READ, 16],
  [Command.DMA_WRITE, 16],
  [Command.MIG_DATA_READ, 8],
  [Command.MIG_DATA_WRITE, 8]
])

/** Bytes of payload that are kept of all others: more is a bitmap. */
const usualLimit = 4096

export const digestOf = (bytes: Uint8Array): Digest => ({ bytes: bytes.byteLength, crc32: crc32(bytes) })

/** How much of the payload of a message is kept, in bytes. */
const keptOf = (command: number, bytes: number, whole: boolean): number =>
  Math.min(bytes, whole ? bytes : (heads.get(command) ?? usualLimit))

/** The record of a whole message. `payloads`: everything is kept. */
export const recordOf = (
  connection: number,
  direction: Direction,
  bytes: Uint8Array,
  descriptors: number,
  payloads: boolean
): Message => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { command, error, flags, id, size } = Header.decodeHeader(view, 0)
  const payload = bytes.subarray(Header.headerBytes)
  const kept = keptOf(command, payload.byteLength, payloads)
  const isError = (flags & Header.errorReply) !== 0
  return {
    connection,
    direction,
    command: commandName(command),
    id,
    size,
    flags,
    errno: isError ? error : 0,
    descriptors,
    payload: payload.slice(0, kept),
    rest: kept === payload.byteLength ? null : digestOf(payload.subarray(kept))
  }
}
