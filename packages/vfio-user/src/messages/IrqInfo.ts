/**
 * DEVICE_GET_IRQ_INFO, request and reply alike. Source: QEMU `docs/interop/vfio-user.rst`. 16 bytes, little endian: 0 u32 `argsz` (bytes), 4 u32 `flags`,
 * 8 u32 `index` of the interrupt type, 12 u32 `count` of its vectors. A request has `argsz` and `index`, the rest zero.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, U32, viewOf } from "../internal/words.ts"

/** Size of the structure, in bytes. */
export const byteLength = 16
/** Bits of the flags. */
export const EVENTFD = 1
export const MASKABLE = 2
export const AUTOMASKED = 4
export const NORESIZE = 8

export const IrqInfo = Schema.Struct({ argsz: U32, flags: U32, index: U32, count: U32 })
export type IrqInfo = typeof IrqInfo.Type

/** Reads the first 16 bytes; more are ignored. */
export const decode = (payload: Uint8Array): Either.Either<IrqInfo, EINVAL> =>
  Either.map(viewOf(payload, byteLength, "DEVICE_GET_IRQ_INFO"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    index: view.getUint32(8, true),
    count: view.getUint32(12, true)
  }))

/** Writes a fresh payload. */
export const encode = (info: IrqInfo): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  view.setUint32(0, info.argsz, true)
  view.setUint32(4, info.flags, true)
  view.setUint32(8, info.index, true)
  view.setUint32(12, info.count, true)
  return bytesOf(view)
}
