/**
 * The data of feature MIG_DEVICE_STATE: 0 u32 state number, 4 s32 data descriptor, which vfio-user does not use. 8 bytes, little endian.
 * Source: `include/uapi/linux/vfio.h`.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { bytesOf, freshView, viewOf } from "../internal/words.ts"

/** Size of the data, in bytes. */
export const byteLength = 8
const noDescriptor = -1

/** The state number in the first 8 bytes; any value may come in. */
export const decode = (data: Uint8Array): Either.Either<number, EINVAL> =>
  Either.map(viewOf(data, byteLength, "MIG_DEVICE_STATE"), (view) => view.getUint32(0, true))

/** Writes fresh data without a descriptor. */
export const encode = (state: number): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  view.setUint32(0, state, true)
  view.setInt32(4, noDescriptor, true)
  return bytesOf(view)
}
