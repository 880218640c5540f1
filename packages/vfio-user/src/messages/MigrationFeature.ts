/** The data of feature MIGRATION: u64 of flags, little endian (`MigrationFlags` of `@stopcopy/vfio`). Source: `include/uapi/linux/vfio.h`. */
import type { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { bytesOf, freshView, getSafe64, setSafe64, viewOf } from "../internal/words.ts"

/** Size of the data, in bytes. */
export const byteLength = 8

/** Reads the first 8 bytes. */
export const decode = (data: Uint8Array): Either.Either<number, EINVAL> =>
  Either.map(viewOf(data, byteLength, "MIGRATION"), (view) => getSafe64(view, 0))

/** Writes fresh data. */
export const encode = (flags: number): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  setSafe64(view, 0, flags)
  return bytesOf(view)
}
