/**
 * Whole messages out of a stream in any split, with the descriptors that belong to them. Source: section 1 and 16 of the vfio-user specification.
 * Messages that come whole are handed over where they lie; others are put together in a buffer of their own.
 */
import { headerBytes } from "../Header.ts"

/** A whole message: its header is at `at` of `view`. Borrowed until the call returns; the descriptors are the receiver's. */
export type Handle = (view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>) => void

export interface Inbox {
  readonly received: (bytes: Uint8Array, descriptors: ReadonlyArray<number>) => void
  /** Takes no more; gives the descriptors of a message that never became whole. */
  readonly stop: () => ReadonlyArray<number>
}

const none: ReadonlyArray<number> = []

/** A message that has begun. */
interface Beginning {
  bytes: Uint8Array
  have: number
  /** Of the whole message, 0 while its header is not whole. */
  size: number
  descriptors: ReadonlyArray<number>
}

/** Gives whole messages to `handle`. `outOfStep` is told the size of a message that no message has; it is expected to `stop`. */
export const makeInbox = (maxMessageBytes: number, handle: Handle, outOfStep: (size: number) => void): Inbox => {
  let view: DataView = new DataView(new ArrayBuffer(0))
  let stopped = false
  const beginning: Beginning = { bytes: new Uint8Array(headerBytes), have: 0, size: 0, descriptors: none }
  const viewOn = (bytes: Uint8Array): DataView => {
    if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer)
    return view
  }
  const isSize = (size: number): boolean => size >= headerBytes && size <= maxMessageBytes

  /** Takes what is missing up to `wanted` bytes; where the rest begins. */
  const fill = (bytes: Uint8Array, from: number, wanted: number): number => {
    const to = Math.min(bytes.length, from + wanted - beginning.have)
    beginning.bytes.set(bytes.subarray(from, to), beginning.have)
    beginning.have += to - from
    return to
  }
  const begin = (bytes: Uint8Array, from: number, descriptors: ReadonlyArray<number>): void => {
    beginning.descriptors = descriptors
    proceed(bytes, from, none)
  }
  /** Goes on with the message that has begun; where the next one begins, or -1 if bytes are missing or wrong. */
  const proceed = (bytes: Uint8Array, from: number, descriptors: ReadonlyArray<number>): number => {
    let at = from
    if (beginning.size === 0) {
      at = fill(bytes, at, headerBytes)
      if (beginning.have === headerBytes) {
        const size = new DataView(beginning.bytes.buffer, beginning.bytes.byteOffset).getUint32(4, true)
        if (!isSize(size)) {
          outOfStep(size)
          return -1
        }
        beginning.size = size
        const whole = new Uint8Array(size)
        whole.set(beginning.bytes.subarray(0, headerBytes))
        beginning.bytes = whole
      }
    }
    if (beginning.size > 0) at = fill(bytes, at, beginning.size)
    // Nothing begins behind it in these bytes: their descriptors are its own.
    if (at === bytes.length && descriptors.length > 0)
      beginning.descriptors = [...beginning.descriptors, ...descriptors]
    return beginning.size > 0 && beginning.have === beginning.size ? end(at) : -1
  }
  const end = (next: number): number => {
    const { bytes, descriptors, size } = beginning
    beginning.bytes = new Uint8Array(headerBytes)
    beginning.have = 0
    beginning.size = 0
    beginning.descriptors = none
    handle(new DataView(bytes.buffer), 0, size, descriptors)
    return stopped ? -1 : next
  }
  const received = (bytes: Uint8Array, descriptors: ReadonlyArray<number>): void => {
    if (stopped) return
    let at = beginning.have > 0 ? proceed(bytes, 0, descriptors) : 0
    if (at < 0) return
    const whole = viewOn(bytes)
    const base = bytes.byteOffset
    while (bytes.length - at >= headerBytes) {
      const size = whole.getUint32(base + at + 4, true)
      if (!isSize(size)) return outOfStep(size)
      const next = at + size
      if (next > bytes.length) break
      handle(whole, base + at, size, next === bytes.length ? descriptors : none)
      if (stopped) return
      at = next
    }
    if (at < bytes.length) begin(bytes, at, descriptors)
  }
  const stop = (): ReadonlyArray<number> => {
    stopped = true
    const { descriptors } = beginning
    beginning.descriptors = none
    return descriptors
  }
  return { received, stop }
}
