/**
 * The data of our own feature PRECOPY_INFO (`EXTENSIONS.md`): 0 u64 `initialBytes`, 8 u64 `dirtyBytes`, 16 bytes, little endian: the two values of
 * `struct vfio_precopy_info` of `include/uapi/linux/vfio.h`.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, U64, viewOf } from "../internal/words.ts"

/** Size of the data, in bytes. */
export const byteLength = 16

/** `initialBytes`: initial state not yet read. `dirtyBytes`: state changed since it was read. Both are estimates. */
export const PrecopyInfo = Schema.Struct({ initialBytes: U64, dirtyBytes: U64 })
export type PrecopyInfo = typeof PrecopyInfo.Type

/** Reads the first 16 bytes. */
export const decode = (data: Uint8Array): Either.Either<PrecopyInfo, EINVAL> =>
  Either.map(viewOf(data, byteLength, "PRECOPY_INFO"), (view) => ({
    initialBytes: view.getBigUint64(0, true),
    dirtyBytes: view.getBigUint64(8, true)
  }))

/** Writes fresh data. */
export const encode = (info: PrecopyInfo): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  view.setBigUint64(0, info.initialBytes, true)
  view.setBigUint64(8, info.dirtyBytes, true)
  return bytesOf(view)
}
