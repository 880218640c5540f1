/**
 * DEVICE_GET_INFO, request and reply alike. Source: QEMU `docs/interop/vfio-user.rst`. 16 bytes, little endian: 0 u32 `argsz` (bytes), 4 u32 `flags`,
 * 8 u32 `regions`, 12 u32 `interruptTypes`. A request has zeros but for `argsz`, the largest payload that the client takes.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, U32, viewOf } from "../internal/words.ts"

/** Size of the structure, in bytes. */
export const byteLength = 16
/** Bit 0 of the flags: DEVICE_RESET is served. */
export const RESET = 1
/** Bit 1 of the flags: a PCI device. */
export const PCI = 2

export const DeviceInfo = Schema.Struct({ argsz: U32, flags: U32, regions: U32, interruptTypes: U32 })
export type DeviceInfo = typeof DeviceInfo.Type

/** Reads the first 16 bytes; more are ignored. */
export const decode = (payload: Uint8Array): Either.Either<DeviceInfo, EINVAL> =>
  Either.map(viewOf(payload, byteLength, "DEVICE_GET_INFO"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    regions: view.getUint32(8, true),
    interruptTypes: view.getUint32(12, true)
  }))

/** Writes a fresh payload. */
export const encode = (info: DeviceInfo): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  view.setUint32(0, info.argsz, true)
  view.setUint32(4, info.flags, true)
  view.setUint32(8, info.regions, true)
  view.setUint32(12, info.interruptTypes, true)
  return bytesOf(view)
}
