/**
 * DMA_UNMAP, request and reply. Source: QEMU `docs/interop/vfio-user.rst`, libvfio-user `include/vfio-user.h`. 24 bytes, little endian: 0 u32 `argsz`
 * (bytes), 4 u32 `flags`, 8 u64 `address` (IOVA), 16 u64 `size`; with flag BITMAP also 24 u64 `pageSize`, 32 u64 `bitmapBytes`, and in a reply the bitmap.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, U32, U64, viewOf } from "../internal/words.ts"

/** Size without a bitmap, in bytes. */
export const byteLength = 24
/** Size with the head of a bitmap, in bytes. */
export const bitmapHeadBytes = 40
/** Bit 0 of the flags, libvfio-user only: give back the bitmap of written pages. */
export const BITMAP = 1
/** Bit 1 of the flags, libvfio-user only: unmap everything. */
export const ALL = 2

/** Asks for, or announces, a bitmap. */
export const BitmapHead = Schema.Struct({ pageSize: U64, bitmapBytes: U64 })
export type BitmapHead = typeof BitmapHead.Type

/** `bitmap` is there exactly when the flags have BITMAP. */
export const Request = Schema.Struct({
  argsz: U32,
  flags: U32,
  address: U64,
  size: U64,
  bitmap: Schema.UndefinedOr(BitmapHead)
})
export type Request = typeof Request.Type

export const Reply = Schema.Struct({ ...Request.fields, bits: Bytes })
export type Reply = typeof Reply.Type

/** Reads the request; more bytes are ignored. */
export const decodeRequest = (payload: Uint8Array): Either.Either<Request, EINVAL> =>
  Either.flatMap(viewOf(payload, byteLength, "DMA_UNMAP"), (view): Either.Either<Request, EINVAL> => {
    const [argsz, flags] = [view.getUint32(0, true), view.getUint32(4, true)]
    const common = { argsz, flags, address: view.getBigUint64(8, true), size: view.getBigUint64(16, true) }
    if ((flags & BITMAP) === 0) return Either.right({ ...common, bitmap: undefined })
    return Either.map(viewOf(payload, bitmapHeadBytes, "DMA_UNMAP with a bitmap"), (whole) => ({
      ...common,
      bitmap: { pageSize: whole.getBigUint64(24, true), bitmapBytes: whole.getBigUint64(32, true) }
    }))
  })

/** Reads the reply; `bits` borrows the payload and is empty without BITMAP. */
export const decodeReply = (payload: Uint8Array): Either.Either<Reply, EINVAL> =>
  Either.map(decodeRequest(payload), (request) => ({
    ...request,
    bits: payload.subarray(request.bitmap === undefined ? payload.byteLength : bitmapHeadBytes)
  }))

/** Writes a fresh payload. */
export const encodeRequest = (request: Request): Uint8Array<ArrayBuffer> => encode(request, 0)

/** Writes a fresh payload; without BITMAP `bits` is left out. */
export const encodeReply = (reply: Reply): Uint8Array<ArrayBuffer> => {
  if (reply.bitmap === undefined) return encode(reply, 0)
  const payload = encode(reply, reply.bits.byteLength)
  payload.set(reply.bits, bitmapHeadBytes)
  return payload
}

const encode = ({ address, argsz, bitmap, flags, size }: Request, bitsBytes: number): Uint8Array<ArrayBuffer> => {
  const view = freshView(bitmap === undefined ? byteLength : bitmapHeadBytes + bitsBytes)
  view.setUint32(0, argsz, true)
  view.setUint32(4, flags, true)
  view.setBigUint64(8, address, true)
  view.setBigUint64(16, size, true)
  if (bitmap !== undefined) {
    view.setBigUint64(24, bitmap.pageSize, true)
    view.setBigUint64(32, bitmap.bitmapBytes, true)
  }
  return bytesOf(view)
}
