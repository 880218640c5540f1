/**
 * DMA_READ and DMA_WRITE, from server to client, request and reply. Source: QEMU `docs/interop/vfio-user.rst`, with the 8-byte count in every case as
 * libvfio-user has it. 16 bytes, little endian: 0 u64 `address` (IOVA), 8 u64 `count` in bytes; behind them `count` bytes in a READ reply and a WRITE
 * request.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, getSafe64, Safe64, setSafe64, U64, viewOf } from "../internal/words.ts"

/** Size without data, in bytes. */
export const headBytes = 16

/** A READ request has no data, a WRITE reply neither: `data` is then empty. */
export const DmaTransfer = Schema.Struct({ address: U64, count: Safe64, data: Bytes })
export type DmaTransfer = typeof DmaTransfer.Type

/** Reads the structure; `data` is everything behind it and borrows the payload. */
export const decode = (payload: Uint8Array): Either.Either<DmaTransfer, EINVAL> =>
  Either.map(viewOf(payload, headBytes, "DMA transfer"), (view) => ({
    address: view.getBigUint64(0, true),
    count: getSafe64(view, 8),
    data: payload.subarray(headBytes)
  }))

/** Writes a fresh payload. */
export const encode = ({ address, count, data }: DmaTransfer): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + data.byteLength)
  view.setBigUint64(0, address, true)
  setSafe64(view, 8, count)
  const payload = bytesOf(view)
  payload.set(data, headBytes)
  return payload
}
