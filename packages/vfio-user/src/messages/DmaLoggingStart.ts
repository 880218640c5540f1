/**
 * The data of feature DMA_LOGGING_START. Source: libvfio-user `include/vfio-user.h`. Little endian. 16 bytes: 0 u64 `pageSize` in bytes, 8 u32 number of
 * ranges, 12 u32 reserved; then ranges of 16 bytes: 0 u64 `iova`, 8 u64 `length` in bytes. STOP may carry the same; it is ignored.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, U64, viewOf } from "../internal/words.ts"

/** Size without ranges, in bytes. */
export const headBytes = 16
/** Size of one range, in bytes. */
export const rangeBytes = 16

export const DmaLoggingStart = Schema.Struct({
  pageSize: U64,
  ranges: Schema.Array(Schema.Struct({ iova: U64, length: U64 }))
})
export type DmaLoggingStart = typeof DmaLoggingStart.Type

/** Reads the head and its ranges; more bytes are ignored. `EINVAL` when a range is missing. */
export const decode = (data: Uint8Array): Either.Either<DmaLoggingStart, EINVAL> =>
  Either.flatMap(viewOf(data, headBytes, "DMA_LOGGING_START"), (head) => {
    const count = head.getUint32(8, true)
    return Either.map(viewOf(data, headBytes + count * rangeBytes, `${count} ranges`), (view) => ({
      pageSize: view.getBigUint64(0, true),
      ranges: Array.from({ length: count }, (_, index) => ({
        iova: view.getBigUint64(headBytes + index * rangeBytes, true),
        length: view.getBigUint64(headBytes + index * rangeBytes + 8, true)
      }))
    }))
  })

/** Writes fresh data. */
export const encode = ({ pageSize, ranges }: DmaLoggingStart): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + ranges.length * rangeBytes)
  view.setBigUint64(0, pageSize, true)
  view.setUint32(8, ranges.length, true)
  ranges.forEach(({ iova, length }, index) => {
    view.setBigUint64(headBytes + index * rangeBytes, iova, true)
    view.setBigUint64(headBytes + index * rangeBytes + 8, length, true)
  })
  return bytesOf(view)
}
