/**
 * `struct msghdr` with one vector and SCM_RIGHTS, in memory of its own. Source: sendmsg(2), recvmsg(2), cmsg(3), unix(7). 64 bits, little endian:
 * msghdr: 0 name, 8 u32 name length, 16 vectors, 24 vector count, 32 control, 40 control length, 48 u32 flags.
 * vector: 0 address, 8 length. control message: 0 length, 8 u32 level, 12 u32 type, 16 i32 descriptors, padded to 8.
 */
import type { Libc } from "./Libc.ts"

/** Descriptors that one message of this program carries at most. */
export const maxDescriptors = 16

/** Descriptors that the kernel lets a message carry (`SCM_MAX_FD`): with room for all none is lost for want of it. */
const kernelMaxDescriptors = 253

const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_CTRUNC = 0x8
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const MSG_CMSG_CLOEXEC = 0x4000_0000

const vectorOffset = 56
const controlOffset = 72
const controlHeaderBytes = 16
const controlBytes = controlHeaderBytes + kernelMaxDescriptors * 4 + 4
const totalBytes = controlOffset + controlBytes

const align8 = (bytes: number): number => (bytes + 7) & ~7

/** Sends and receives, one call at a time. */
export interface MessageHeader {
  /** Sends the beginning of `bytes`, with descriptors; how many bytes went, or below 0. */
  readonly send: (socket: number, bytes: Uint8Array, descriptors: ReadonlyArray<number>) => number
  /** Receives into `into`; how many bytes came, 0 at the end of the stream, or below 0. */
  readonly receive: (socket: number) => number
  /** What `receive` filled. */
  readonly into: Uint8Array
  /** Whether the last `receive` brought descriptors. */
  readonly hasDescriptors: () => boolean
  /** The descriptors of the last `receive`, now the caller's. */
  readonly takeDescriptors: () => ReadonlyArray<number>
  /** Whether descriptors of the last `receive` were lost: the process has too many open. */
  readonly lostDescriptors: () => boolean
}

const makeMemory = (libc: Libc) => {
  const memory = new ArrayBuffer(totalBytes)
  const view = new DataView(memory)
  const address = libc.addressOf(memory)
  view.setBigUint64(16, address + BigInt(vectorOffset), true)
  view.setBigUint64(24, 1n, true)
  view.setBigUint64(32, address + BigInt(controlOffset), true)
  return { view, address }
}

const readDescriptors = (view: DataView): ReadonlyArray<number> => {
  const end = controlOffset + view.getUint32(40, true)
  const descriptors: Array<number> = []
  for (let at = controlOffset; at + controlHeaderBytes <= end;) {
    const length = view.getUint32(at, true)
    if (length < controlHeaderBytes) break
    if (view.getUint32(at + 8, true) === SOL_SOCKET && view.getUint32(at + 12, true) === SCM_RIGHTS) {
      const last = Math.min(at + length, end)
      for (let each = at + controlHeaderBytes; each + 4 <= last; each += 4) descriptors.push(view.getInt32(each, true))
    }
    at += align8(length)
  }
  return descriptors
}

const makeSend = (libc: Libc): MessageHeader["send"] => {
  const { address, view } = makeMemory(libc)
  return (socket, bytes, descriptors) => {
    const length = controlHeaderBytes + descriptors.length * 4
    view.setBigUint64(vectorOffset, libc.addressOf(bytes), true)
    view.setBigUint64(vectorOffset + 8, BigInt(bytes.length), true)
    view.setUint32(40, align8(length), true)
    view.setUint32(controlOffset, length, true)
    view.setUint32(controlOffset + 8, SOL_SOCKET, true)
    view.setUint32(controlOffset + 12, SCM_RIGHTS, true)
    descriptors.forEach((descriptor, index) => {
      view.setInt32(controlOffset + controlHeaderBytes + index * 4, descriptor, true)
    })
    return libc.sendmsg(socket, address, MSG_NOSIGNAL | MSG_DONTWAIT)
  }
}

/** Sends bytes alone; how many went, or below 0. */
export const sendBytes = (libc: Libc, socket: number, bytes: Uint8Array): number =>
  libc.send(socket, bytes, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT)

/** Memory for messages of one thread, with a buffer of `bufferBytes` to receive into. */
export const makeMessageHeader = (libc: Libc, bufferBytes: number): MessageHeader => {
  const { address, view } = makeMemory(libc)
  const into = new Uint8Array(new ArrayBuffer(bufferBytes))
  view.setBigUint64(vectorOffset, libc.addressOf(into), true)
  view.setBigUint64(vectorOffset + 8, BigInt(bufferBytes), true)
  return {
    send: makeSend(libc),
    receive: (socket) => {
      view.setUint32(40, controlBytes, true)
      return libc.recvmsg(socket, address, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)
    },
    into,
    hasDescriptors: () => view.getUint32(40, true) > 0,
    takeDescriptors: () => readDescriptors(view),
    lostDescriptors: () => (view.getUint32(48, true) & MSG_CTRUNC) !== 0
  }
}
