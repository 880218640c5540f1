/**
 * MIG_DATA_READ and MIG_DATA_WRITE, request and reply. Source: QEMU `docs/interop/vfio-user.rst`. 8 bytes, little endian: 0 u32 `argsz`, at least
 * 8 + `size`, 4 u32 `size`, both in bytes; behind them the data in a READ reply and a WRITE request. A WRITE reply has no payload.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { Bytes, bytesOf, freshView, U32, viewOf } from "../internal/words.ts"

/** Size without data, in bytes. */
export const headBytes = 8

/** Of a READ reply only the first `size` bytes of `data` count: some servers pad. Of a READ request `data` is empty. */
export const MigData = Schema.Struct({ argsz: U32, size: U32, data: Bytes })
export type MigData = typeof MigData.Type

/** Reads the structure; `data` is everything behind it and borrows the payload. */
export const decode = (payload: Uint8Array): Either.Either<MigData, EINVAL> =>
  Either.map(viewOf(payload, headBytes, "migration data"), (view) => ({
    argsz: view.getUint32(0, true),
    size: view.getUint32(4, true),
    data: payload.subarray(headBytes)
  }))

/** Writes a fresh payload. */
export const encode = ({ argsz, data, size }: MigData): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + data.byteLength)
  view.setUint32(0, argsz, true)
  view.setUint32(4, size, true)
  const payload = bytesOf(view)
  payload.set(data, headBytes)
  return payload
}
