/** What a socket has not taken yet, in order, with the descriptors that go with it. A message that was begun is ended before the next. */
import { closeSync } from "node:fs"
import type { Libc } from "./Libc.ts"
import { type MessageHeader, sendBytes } from "./MessageHeader.ts"

/** Outcomes of a send: everything went out, the socket takes no more for now, or above 0 the errno of a failure. */
const allSent = 0
export const mustWait = -1

interface Waiting {
  readonly bytes: Uint8Array
  /** Copies, because their owner may close his; closed when they are sent. */
  readonly descriptors: ReadonlyArray<number>
}

export interface SendQueue {
  /** Sends now if nothing waits, or queues. */
  readonly push: (bytes: Uint8Array, descriptors: ReadonlyArray<number>) => number
  /** Sends what waits, as far as the socket takes it. */
  readonly flush: () => number
  readonly isEmpty: () => boolean
  /** Bytes that wait. */
  readonly size: () => number
  /** Forgets what waits. */
  readonly clear: () => void
}

const none: ReadonlyArray<number> = []

/** How many bytes went out; below 0 a negative errno. */
const sendSome = (libc: Libc, header: MessageHeader, socket: number, { bytes, descriptors }: Waiting): number => {
  for (;;) {
    const count = descriptors.length === 0 ? sendBytes(libc, socket, bytes) : header.send(socket, bytes, descriptors)
    if (count >= 0) return count
    const errno = libc.errno()
    if (errno !== libc.EINTR) return -errno
  }
}

/** Copies of all, or the errno that kept one from being copied. */
const copiesOf = (libc: Libc, descriptors: ReadonlyArray<number>): ReadonlyArray<number> | number => {
  if (descriptors.length === 0) return none
  const copies: Array<number> = []
  for (const descriptor of descriptors) {
    const copy = libc.duplicate(descriptor)
    if (copy < 0) {
      const errno = libc.errno()
      for (const each of copies) closeSync(each)
      return errno
    }
    copies.push(copy)
  }
  return copies
}

/** The queue of one socket. */
export const makeSendQueue = (libc: Libc, header: MessageHeader, socket: number): SendQueue => {
  const waiting: Array<Waiting> = []
  let size = 0
  const keep = (bytes: Uint8Array, descriptors: ReadonlyArray<number>): number => {
    const copies = copiesOf(libc, descriptors)
    if (typeof copies === "number") return copies
    waiting.push({ bytes, descriptors: copies })
    size += bytes.length
    return mustWait
  }
  const push = (bytes: Uint8Array, descriptors: ReadonlyArray<number>): number => {
    if (waiting.length > 0) return keep(bytes, descriptors)
    const count = sendSome(libc, header, socket, { bytes, descriptors })
    if (count === bytes.length) return allSent
    if (count > 0) return keep(bytes.subarray(count), none)
    return -count === libc.EAGAIN ? keep(bytes, descriptors) : -count
  }
  const flush = (): number => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const count = sendSome(libc, header, socket, first)
      if (count < 0) return -count === libc.EAGAIN ? mustWait : -count
      size -= count
      for (const each of first.descriptors) closeSync(each)
      if (count < first.bytes.length) waiting[0] = { bytes: first.bytes.subarray(count), descriptors: none }
      else waiting.shift()
    }
    return allSent
  }
  const clear = (): void => {
    for (const { descriptors } of waiting) for (const each of descriptors) closeSync(each)
    waiting.length = 0
    size = 0
  }
  return { push, flush, isEmpty: () => waiting.length === 0, size: () => size, clear }
}
