/**
 * The request of DEVICE_SET_IRQS; its reply has no payload. Source: QEMU `docs/interop/vfio-user.rst`, `include/uapi/linux/vfio.h`. 20 bytes, little
 * endian: 0 u32 `argsz` (bytes, the data included), 4 u32 `flags`, 8 u32 `index` of the interrupt type, 12 u32 `start`, 16 u32 `count`; behind them for
 * DATA_BOOL one byte a vector. Descriptors of DATA_EVENTFD travel beside the message.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, U32, viewOf } from "../internal/words.ts"

/** Size without bools, in bytes. */
export const byteLength = 20
/** Bits of the flags: exactly one kind of data ... */
export const DATA_NONE = 1
export const DATA_BOOL = 2
export const DATA_EVENTFD = 4
/** ... and exactly one action. */
export const ACTION_MASK = 8
export const ACTION_UNMASK = 16
export const ACTION_TRIGGER = 32

/** `bools` is everything behind the 20 bytes: one byte a vector, 1 means it. */
export const SetIrqs = Schema.Struct({ argsz: U32, flags: U32, index: U32, start: U32, count: U32, bools: Bytes })
export type SetIrqs = typeof SetIrqs.Type

/** Reads the structure; `bools` borrows the payload. */
export const decode = (payload: Uint8Array): Either.Either<SetIrqs, EINVAL> =>
  Either.map(viewOf(payload, byteLength, "DEVICE_SET_IRQS"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    index: view.getUint32(8, true),
    start: view.getUint32(12, true),
    count: view.getUint32(16, true),
    bools: payload.subarray(byteLength)
  }))

/** Writes a fresh payload. */
export const encode = (request: SetIrqs): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength + request.bools.byteLength)
  view.setUint32(0, request.argsz, true)
  view.setUint32(4, request.flags, true)
  view.setUint32(8, request.index, true)
  view.setUint32(12, request.start, true)
  view.setUint32(16, request.count, true)
  const payload = bytesOf(view)
  payload.set(request.bools, byteLength)
  return payload
}
