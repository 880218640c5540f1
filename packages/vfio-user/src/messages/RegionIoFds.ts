/**
 * DEVICE_GET_REGION_IO_FDS, request and reply. Source: libvfio-user `include/vfio-user.h`; QEMU's text has shorter entries that nobody uses. Little
 * endian. Head, 16 bytes: 0 u32 `argsz` (bytes), 4 u32 `flags` (0), 8 u32 `index`, 12 u32 `count` (0 in a request). Entry, 48 bytes: 0 u64 `offset`,
 * 8 u64 `size`, 16 u32 `fdIndex`, 20 u32 `type`, 24 u32 `flags`, 28 u32 `shadowFdIndex`, 32 u64 `shadowOffset`, 40 u64 `datamatch`.
 */
import type { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { bytesOf, freshView, getSafe64, Safe64, setSafe64, U32, U64, viewOf } from "../internal/words.ts"

/** Size of the head, in bytes. */
export const headBytes = 16
/** Size of one entry, in bytes. */
export const entryBytes = 48
/** The largest `argsz`, in bytes. */
export const maxArgsz = 1024 * 1024
/** The `fdIndex` that stands for no descriptor. */
export const noFd = 0xffff_ffff

/** `type`: 0 ioeventfd, 1 ioregionfd, 2 shadow ioeventfd. `offset` and `size` in bytes, in the region. */
export const Entry = Schema.Struct({
  offset: Safe64,
  size: Safe64,
  fdIndex: U32,
  type: U32,
  flags: U32,
  shadowFdIndex: U32,
  shadowOffset: U64,
  datamatch: U64
})
export type Entry = typeof Entry.Type

export const Head = Schema.Struct({ argsz: U32, flags: U32, index: U32, count: U32 })
export type Head = typeof Head.Type

/** Entries are all there or none: too small an `argsz` in the request gives the head alone. */
export const Reply = Schema.Struct({ ...Head.fields, entries: Schema.Array(Entry) })
export type Reply = typeof Reply.Type

/** Reads the first 16 bytes; more are ignored. */
export const decodeRequest = (payload: Uint8Array): Either.Either<Head, EINVAL> =>
  Either.map(viewOf(payload, headBytes, "DEVICE_GET_REGION_IO_FDS"), (view) => ({
    argsz: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    index: view.getUint32(8, true),
    count: view.getUint32(12, true)
  }))

/** Reads the head and as many whole entries as there are, at most `count`. */
export const decodeReply = (payload: Uint8Array): Either.Either<Reply, EINVAL> =>
  Either.map(decodeRequest(payload), (head) => {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
    const present = Math.min(head.count, Math.floor((payload.byteLength - headBytes) / entryBytes))
    return {
      ...head,
      entries: Array.from({ length: present }, (_, index) => decodeEntry(view, headBytes + index * entryBytes))
    }
  })

const decodeEntry = (view: DataView, at: number): Entry => ({
  offset: getSafe64(view, at),
  size: getSafe64(view, at + 8),
  fdIndex: view.getUint32(at + 16, true),
  type: view.getUint32(at + 20, true),
  flags: view.getUint32(at + 24, true),
  shadowFdIndex: view.getUint32(at + 28, true),
  shadowOffset: view.getBigUint64(at + 32, true),
  datamatch: view.getBigUint64(at + 40, true)
})

/** Writes a fresh payload. */
export const encodeRequest = (head: Head): Uint8Array<ArrayBuffer> => encodeReply({ ...head, entries: [] })

/** Writes a fresh payload. */
export const encodeReply = (reply: Reply): Uint8Array<ArrayBuffer> => {
  const view = freshView(headBytes + reply.entries.length * entryBytes)
  view.setUint32(0, reply.argsz, true)
  view.setUint32(4, reply.flags, true)
  view.setUint32(8, reply.index, true)
  view.setUint32(12, reply.count, true)
  reply.entries.forEach((entry, index) => encodeEntry(view, headBytes + index * entryBytes, entry))
  return bytesOf(view)
}

const encodeEntry = (view: DataView, at: number, entry: Entry): void => {
  setSafe64(view, at, entry.offset)
  setSafe64(view, at + 8, entry.size)
  view.setUint32(at + 16, entry.fdIndex, true)
  view.setUint32(at + 20, entry.type, true)
  view.setUint32(at + 24, entry.flags, true)
  view.setUint32(at + 28, entry.shadowFdIndex, true)
  view.setBigUint64(at + 32, entry.shadowOffset, true)
  view.setBigUint64(at + 40, entry.datamatch, true)
}
