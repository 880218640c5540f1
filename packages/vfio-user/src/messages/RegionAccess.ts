/**
 * REGION_READ and REGION_WRITE, request and reply. Source: QEMU `docs/interop/vfio-user.rst`. 16 bytes, little endian: 0 u64 `offset` in the region,
 * 8 u32 `region`, 12 u32 `count`, both offset and count in bytes; behind them `count` bytes in a READ reply and a WRITE request.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, getSafe64, Safe64, setSafe64, U32, viewOf } from "../internal/words.ts"

/** Size without data, in bytes. */
export const headBytes = 16

/** A READ request has no data, a WRITE reply neither: `data` is then empty. */
export const RegionAccess = Schema.Struct({ offset: Safe64, region: U32, count: U32, data: Bytes })
export type RegionAccess = typeof RegionAccess.Type

/** The fields one by one for the path that must not allocate. `at` is where the payload starts; 16 bytes must be there. */
export const offsetAt = getSafe64
export const regionAt = (view: DataView, at: number): number => view.getUint32(at + 8, true)
export const countAt = (view: DataView, at: number): number => view.getUint32(at + 12, true)

/** Writes the 16 bytes at `at`. */
export const writeHead = (view: DataView, at: number, offset: number, region: number, count: number): void => {
  setSafe64(view, at, offset)
  view.setUint32(at + 8, region, true)
  view.setUint32(at + 12, count, true)
}

/** Reads the structure; `data` is everything behind it and borrows the payload. */
export const decode = (payload: Uint8Array): Either.Either<RegionAccess, EINVAL> =>
  Either.map(viewOf(payload, headBytes, "region access"), (view) => ({
    offset: offsetAt(view, 0),
    region: regionAt(view, 0),
    count: countAt(view, 0),
    data: payload.subarray(headBytes)
  }))

/** Writes a fresh payload. */
export const encode = ({ count, data, offset, region }: RegionAccess): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + data.byteLength)
  writeHead(view, 0, offset, region, count)
  const payload = bytesOf(view)
  payload.set(data, headBytes)
  return payload
}
