/**
 * REGION_WRITE_MULTI, request and reply. Source: QEMU `docs/interop/vfio-user.rst`. Little endian. Request: 0 u64 number of writes, then for each 24
 * bytes: 0 u64 `offset` in the region, 8 u32 `region`, 12 u32 count (at most 8), 16 data, left-aligned. Reply: 0 u64 number of writes done.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, getSafe64, refuse, Safe64, setSafe64, U32, viewOf } from "../internal/words.ts"

/** Size without writes, and of a reply, in bytes. */
export const headBytes = 8
/** Size of one write, in bytes. */
export const entryBytes = 24
/** The most data of one write, in bytes. */
export const maxCount = 8

export const Entry = Schema.Struct({
  offset: Safe64,
  region: U32,
  data: Schema.Uint8ArrayFromSelf.pipe(Schema.filter((bytes) => bytes.byteLength <= maxCount))
})
export type Entry = typeof Entry.Type

/** Reads the writes; their data borrow the payload. `EINVAL` for fewer entries than announced, or a count above 8. */
export const decodeRequest = (payload: Uint8Array): Either.Either<ReadonlyArray<Entry>, EINVAL> =>
  Either.flatMap(viewOf(payload, headBytes, "REGION_WRITE_MULTI"), (head) => {
    const count = getSafe64(head, 0)
    return Either.flatMap(viewOf(payload, headBytes + count * entryBytes, `${count} writes`), (view) => {
      const entries: Array<Entry> = []
      for (let at = headBytes; entries.length < count; at += entryBytes) {
        const length = view.getUint32(at + 12, true)
        if (length > maxCount) return Either.left(tooMuch(entries.length, length))
        entries.push({
          offset: getSafe64(view, at),
          region: view.getUint32(at + 8, true),
          data: payload.subarray(at + 16, at + 16 + length)
        })
      }
      return Either.right(entries)
    })
  })

const tooMuch = (index: number, length: number): EINVAL =>
  refuse("multi.count", "one write has at most 8 bytes", `write ${index}`, length, maxCount, "use REGION_WRITE")

/** Writes a fresh payload. */
export const encodeRequest = (entries: ReadonlyArray<Entry>): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + entries.length * entryBytes)
  const payload = bytesOf(view)
  setSafe64(view, 0, entries.length)
  entries.forEach(({ data, offset, region }, index) => {
    const at = headBytes + index * entryBytes
    setSafe64(view, at, offset)
    view.setUint32(at + 8, region, true)
    view.setUint32(at + 12, data.byteLength, true)
    payload.set(data, at + 16)
  })
  return payload
}

/** The number of writes done. */
export const decodeReply = (payload: Uint8Array): Either.Either<number, EINVAL> =>
  Either.map(viewOf(payload, headBytes, "REGION_WRITE_MULTI reply"), (view) => getSafe64(view, 0))

/** Writes a fresh payload. */
export const encodeReply = (done: number): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes)
  setSafe64(view, 0, done)
  return bytesOf(view)
}
