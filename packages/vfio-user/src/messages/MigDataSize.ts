/** The data of feature MIG_DATA_SIZE: u64 bytes that STOP_COPY will yield, little endian. Source: `include/uapi/linux/vfio.h`. */
import type { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { bytesOf, freshView, viewOf } from "../internal/words.ts"

/** Size of the data, in bytes. */
export const byteLength = 8

/** Reads the first 8 bytes. */
export const decode = (data: Uint8Array): Either.Either<bigint, EINVAL> =>
  Either.map(viewOf(data, byteLength, "MIG_DATA_SIZE"), (view) => view.getBigUint64(0, true))

/** Writes fresh data. */
export const encode = (bytes: bigint): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  view.setBigUint64(0, bytes, true)
  return bytesOf(view)
}
