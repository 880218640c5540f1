/**
 * Source and destination of a request: one flat piece of guest memory, or a list of pieces that are read and written as if they lay
 * behind each other. Source: `qat_bl.h` of the kernel, `qat_common.h` of DPDK; section 5 of the firmware specification.
 *
 * List, little endian: 8 u32 number of entries, then from 16 on 16 bytes each: 0 u32 length in bytes, 8 u64 address.
 */
import { type DmaRead, type DmaWrite, read, type Steps } from "./Steps.ts"

/** Size of a list's head and of one entry, in bytes; the most entries we take. */
const headBytes = 16
const entryBytes = 16
const maxEntries = 4096

/** A piece of guest memory. */
interface Piece {
  readonly address: bigint
  readonly length: number
}

/** Guest memory as one sequence of bytes. */
export interface Buffer {
  readonly pieces: ReadonlyArray<Piece>
  /** Sum of the lengths, in bytes. */
  readonly length: number
}

/** The address `bytes` behind another. Those of the device have 64 bits, and wrap around as such: a guest can put a piece at their end. */
export const beyond = (address: bigint, bytes: number): bigint =>
  bytes === 0 ? address : BigInt.asUintN(64, address + BigInt(bytes))

/** A flat buffer. */
export const flat = (address: bigint, length: number): Buffer => ({ pieces: [{ address, length }], length })

/** The buffer that the list at `address` describes; undefined for one with too many entries. */
export function* list(address: bigint): Steps<Buffer | undefined> {
  const head = yield* read(address, headBytes)
  const count = new DataView(head.buffer, head.byteOffset, headBytes).getUint32(8, true)
  if (count > maxEntries) return undefined
  const bytes = yield* read(beyond(address, headBytes), count * entryBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const pieces: Array<Piece> = []
  let total = 0
  for (let at = 0; at < count * entryBytes; at += entryBytes) {
    const length = view.getUint32(at, true)
    if (length === 0) continue
    pieces.push({ address: view.getBigUint64(at + 8, true), length })
    total += length
  }
  return { pieces, length: total }
}

/** The pieces of bytes `offset` to `offset + length` (which lie inside), each with how far into these bytes it begins. */
function* slices({ pieces }: Buffer, offset: number, length: number): Generator<Piece & { readonly at: number }> {
  let [skip, at] = [offset, 0]
  for (const piece of pieces) {
    if (at === length) return
    if (skip >= piece.length) {
      skip -= piece.length
      continue
    }
    const take = Math.min(piece.length - skip, length - at)
    yield { address: beyond(piece.address, skip), length: take, at }
    at += take
    skip = 0
  }
}

/** Whether bytes `offset` to `offset + length` lie inside. */
export const holds = (buffer: Buffer, offset: number, length: number): boolean => offset + length <= buffer.length

/** The one read that gives bytes `offset` to `offset + length`; undefined where it takes several, or none. */
const readOf = ({ pieces }: Buffer, offset: number, length: number): DmaRead | undefined => {
  const [first] = pieces
  if (first === undefined || length === 0 || offset + length > first.length) return undefined
  return { address: beyond(first.address, offset), length }
}

/** Bytes `offset` to `offset + length`, which must lie inside. */
export function* gather(buffer: Buffer, offset: number, length: number): Steps<Uint8Array> {
  const one = readOf(buffer, offset, length)
  if (one !== undefined) return yield one
  const bytes = new Uint8Array(length)
  for (const { address, at, length: take } of slices(buffer, offset, length)) bytes.set(yield* read(address, take), at)
  return bytes
}

/** The writes that put `bytes` at `offset`; they must fit. */
export const scatter = (buffer: Buffer, offset: number, bytes: Uint8Array): ReadonlyArray<DmaWrite> => {
  const [first] = buffer.pieces
  if (bytes.length === 0) return []
  if (first !== undefined && offset + bytes.length <= first.length) {
    return [{ address: beyond(first.address, offset), bytes }]
  }
  return Array.from(slices(buffer, offset, bytes.length), ({ address, at, length }) => ({
    address,
    bytes: bytes.subarray(at, at + length)
  }))
}
