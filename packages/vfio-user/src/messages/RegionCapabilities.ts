/**
 * The chain of capabilities behind a region info, of which the sparse mmap capability is known. Source: `include/uapi/linux/vfio.h`. Little endian.
 * Header, 8 bytes: 0 u16 `id`, 2 u16 `version`, 4 u32 `next` (offset from the start of the region info, 0 ends). Sparse mmap (id 1, version 1): 8 u32
 * number of areas, 12 reserved, then areas of 16 bytes: 0 u64 `offset` in the region, 8 u64 `size`, both in bytes.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, getSafe64, refuse, Safe64, setSafe64, viewOf } from "../internal/words.ts"
import * as RegionInfo from "./RegionInfo.ts"

const headerBytes = 8
const sparseHeadBytes = 16
const areaBytes = 16
const sparseId = 1

/** A piece of a region that can be mapped. */
export const Area = Schema.Struct({ offset: Safe64, size: Safe64 })
export type Area = typeof Area.Type

/** Writes one sparse mmap capability that ends the chain; it stands directly behind the region info. */
export const encodeSparse = (areas: ReadonlyArray<Area>): Uint8Array<ArrayBuffer> => {
  const view = freshView(sparseHeadBytes + areas.length * areaBytes)
  view.setUint16(0, sparseId, true)
  view.setUint16(2, 1, true)
  view.setUint32(8, areas.length, true)
  areas.forEach(({ offset, size }, index) => {
    setSafe64(view, sparseHeadBytes + index * areaBytes, offset)
    setSafe64(view, sparseHeadBytes + index * areaBytes + 8, size)
  })
  return bytesOf(view)
}

/**
 * The areas of the sparse mmap capability in the payload of a reply; undefined if there is none. Unknown capabilities are skipped. `EINVAL` for a chain
 * that leaves the payload, overlaps the region info or runs backwards: it could be endless.
 */
export const decodeSparse = (payload: Uint8Array): Either.Either<ReadonlyArray<Area> | undefined, EINVAL> =>
  Either.flatMap(RegionInfo.decode(payload), ({ capOffset, flags }) =>
    (flags & RegionInfo.CAPS) === 0 || capOffset === 0 ? Either.right(undefined) : follow(payload, capOffset)
  )

const follow = (payload: Uint8Array, first: number): Either.Either<ReadonlyArray<Area> | undefined, EINVAL> => {
  let [least, at] = [RegionInfo.byteLength, first]
  while (at !== 0) {
    if (at < least) return Either.left(backwards(at, least))
    const view = viewOf(payload.subarray(at), headerBytes, `capability at ${at}`)
    if (Either.isLeft(view)) return Either.left(view.left)
    if (view.right.getUint16(0, true) === sparseId) return decodeAreas(payload.subarray(at), at)
    least = at + headerBytes
    at = view.right.getUint32(4, true)
  }
  return Either.right(undefined)
}

const decodeAreas = (capability: Uint8Array, at: number): Either.Either<ReadonlyArray<Area>, EINVAL> =>
  Either.flatMap(viewOf(capability, sparseHeadBytes, `sparse mmap capability at ${at}`), (head) => {
    const count = head.getUint32(8, true)
    const size = sparseHeadBytes + count * areaBytes
    return Either.map(viewOf(capability, size, `${count} areas at ${at}`), (view) =>
      Array.from({ length: count }, (_, index) => ({
        offset: getSafe64(view, sparseHeadBytes + index * areaBytes),
        size: getSafe64(view, sparseHeadBytes + index * areaBytes + 8)
      }))
    )
  })

const backwards = (at: number, least: number): EINVAL =>
  refuse(
    "region.chain",
    "a chain of capabilities goes forward",
    "next capability",
    at,
    `at least ${least}`,
    "order the capabilities by offset"
  )
