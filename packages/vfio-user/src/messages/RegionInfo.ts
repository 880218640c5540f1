/**
 * DEVICE_GET_REGION_INFO, request and reply. Source: QEMU `docs/interop/vfio-user.rst`, `include/uapi/linux/vfio.h`. 32 bytes, little endian: 0 u32
 * `argsz` (bytes), 4 u32 `flags`, 8 u32 `index`, 12 u32 `capOffset`, 16 u64 `size`, 24 u64 `offset`; behind them a chain of capabilities
 * (`RegionCapabilities.ts`). A request has `argsz` and `index`, the rest zero.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, Safe64, U32, U64, getSafe64, setSafe64, viewOf } from "../internal/words.ts"

/** Size without capabilities, in bytes. */
export const byteLength = 32
/** Bits of the flags. */
export const READ = 1
export const WRITE = 2
export const MMAP = 4
/** Capabilities follow in this very reply. */
export const CAPS = 8

/** `argsz` of a reply is the size of the complete payload, also when less was sent. `size`: of the region. `offset`: for mmap of its descriptor. */
export const RegionInfo = Schema.Struct({
  argsz: U32,
  flags: U32,
  index: U32,
  capOffset: U32,
  size: Safe64,
  offset: U64
})
export type RegionInfo = typeof RegionInfo.Type

/** Reads the first 32 bytes; what follows is for `RegionCapabilities.decode`. */
export const decode = (payload: Uint8Array): Either.Either<RegionInfo, EINVAL> =>
  Either.map(viewOf(payload, byteLength, "DEVICE_GET_REGION_INFO"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    index: view.getUint32(8, true),
    capOffset: view.getUint32(12, true),
    size: getSafe64(view, 16),
    offset: view.getBigUint64(24, true)
  }))

/** Writes a fresh payload, `capabilities` behind the structure. */
export const encode = (info: RegionInfo, capabilities: Uint8Array = new Uint8Array(0)): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength + capabilities.byteLength)
  view.setUint32(0, info.argsz, true)
  view.setUint32(4, info.flags, true)
  view.setUint32(8, info.index, true)
  view.setUint32(12, info.capOffset, true)
  setSafe64(view, 16, info.size)
  view.setBigUint64(24, info.offset, true)
  const payload = bytesOf(view)
  payload.set(capabilities, byteLength)
  return payload
}
