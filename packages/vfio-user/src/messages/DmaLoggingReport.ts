/**
 * The data of feature DMA_LOGGING_REPORT. Source: libvfio-user `include/vfio-user.h`. 24 bytes, little endian: 0 u64 `iova`, 8 u64 `length`, 16 u64
 * `pageSize`, all in bytes; in a reply the bitmap behind them: bit i mod 8 of byte i / 8 stands for page i from `iova`.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, U64, viewOf } from "../internal/words.ts"

/** Size without the bitmap, in bytes. */
export const headBytes = 24

/** In a request `bitmap` is empty. */
export const DmaLoggingReport = Schema.Struct({ iova: U64, length: U64, pageSize: U64, bitmap: Bytes })
export type DmaLoggingReport = typeof DmaLoggingReport.Type

/** Size of a bitmap in bytes: whole 64-bit words. `pageSize` is not 0. */
export const bitmapBytes = (length: bigint, pageSize: bigint): bigint => {
  const pages = (length + pageSize - 1n) / pageSize
  return ((pages + 63n) / 64n) * 8n
}

/** Reads the head; `bitmap` is everything behind it and borrows the data. */
export const decode = (data: Uint8Array): Either.Either<DmaLoggingReport, EINVAL> =>
  Either.map(viewOf(data, headBytes, "DMA_LOGGING_REPORT"), (view) => ({
    iova: view.getBigUint64(0, true),
    length: view.getBigUint64(8, true),
    pageSize: view.getBigUint64(16, true),
    bitmap: data.subarray(headBytes)
  }))

/** Writes fresh data. */
export const encode = ({ bitmap, iova, length, pageSize }: DmaLoggingReport): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + bitmap.byteLength)
  view.setBigUint64(0, iova, true)
  view.setBigUint64(8, length, true)
  view.setBigUint64(16, pageSize, true)
  const data = bytesOf(view)
  data.set(bitmap, headBytes)
  return data
}
