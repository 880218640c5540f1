/**
 * DEVICE_FEATURE, request and reply. Source: QEMU `docs/interop/vfio-user.rst`, `include/uapi/linux/vfio.h`. 8 bytes, little endian: 0 u32 `argsz`
 * (bytes), 4 u32 `flags`: bits 0 to 15 the feature, then GET, SET, PROBE; the feature's data behind them. In vfio-user bitmaps and ranges are part of the
 * data, where the kernel has pointers.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, U32, viewOf } from "../internal/words.ts"

/** Size without data, in bytes. */
export const headBytes = 8

/** Our own feature: precopy info of the saving session, see `EXTENSIONS.md`. Far above the kernel's numbers, which count up from 0. */
export const PRECOPY_INFO = 0xff01

export const DeviceFeature = Schema.Struct({ argsz: U32, flags: U32, data: Bytes })
export type DeviceFeature = typeof DeviceFeature.Type

/** Reads the structure; `data` is everything behind it and borrows the payload. */
export const decode = (payload: Uint8Array): Either.Either<DeviceFeature, EINVAL> =>
  Either.map(viewOf(payload, headBytes, "DEVICE_FEATURE"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    data: payload.subarray(headBytes)
  }))

/** Writes a fresh payload. */
export const encode = ({ argsz, data, flags }: DeviceFeature): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + data.byteLength)
  view.setUint32(0, argsz, true)
  view.setUint32(4, flags, true)
  const payload = bytesOf(view)
  payload.set(data, headBytes)
  return payload
}
