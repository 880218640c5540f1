/**
 * The request of DMA_MAP; its reply has no payload. Source: QEMU `docs/interop/vfio-user.rst`, libvfio-user `include/vfio-user.h`. 32 bytes, little
 * endian: 0 u32 `argsz` (bytes), 4 u32 `flags`, 8 u64 `offset` in the attached file, 16 u64 `address` (IOVA), 24 u64 `size`.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, U32, U64, viewOf } from "../internal/words.ts"

/** Size of the structure, in bytes. */
export const byteLength = 32
/** Bits of the flags: what the device may do. */
export const READ = 1
export const WRITE = 2
/** libvfio-user only: the descriptor can be mapped into memory. */
export const MMAP = 4
/** libvfio-user only: the descriptor is to be accessed with pread and pwrite. */
export const FILE_IO = 8

export const DmaMap = Schema.Struct({ argsz: U32, flags: U32, offset: U64, address: U64, size: U64 })
export type DmaMap = typeof DmaMap.Type

/** Reads the first 32 bytes; more are ignored. */
export const decode = (payload: Uint8Array): Either.Either<DmaMap, EINVAL> =>
  Either.map(viewOf(payload, byteLength, "DMA_MAP"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    offset: view.getBigUint64(8, true),
    address: view.getBigUint64(16, true),
    size: view.getBigUint64(24, true)
  }))

/** Writes a fresh payload. */
export const encode = (map: DmaMap): Uint8Array<ArrayBuffer> => {
  const view = freshView(byteLength)
  view.setUint32(0, map.argsz, true)
  view.setUint32(4, map.flags, true)
  view.setBigUint64(8, map.offset, true)
  view.setBigUint64(16, map.address, true)
  view.setBigUint64(24, map.size, true)
  return bytesOf(view)
}
