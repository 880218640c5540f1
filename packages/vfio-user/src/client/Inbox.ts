/**
 * Whole messages out of a stream in any split, with the descriptors that belong to them. Source: sections 1 and 16 of the vfio-user specification.
 * Messages that come whole are handed over where they lie; others are put together in a buffer of their own.
 */
import { headerBytes } from "../Header.ts"

/** A whole message: its header is at `at` of `view`. Borrowed until the call returns; the descriptors are the receiver's. */
type Handle = (view: DataView, at: number, size: number, descriptors: ReadonlyArray<number>) => void

const none: ReadonlyArray<number> = []

export class Inbox {
  private readonly maxMessageBytes: number
  private readonly handle: Handle
  private readonly outOfStep: (size: number) => void
  /** On the buffer that bytes came in last: transports use one again and again. */
  private view: DataView = new DataView(new ArrayBuffer(0))
  private isStopped = false
  /** A message that has begun: `have` bytes of it, `size` in all, 0 while its header is not whole. */
  private beginning = new Uint8Array(headerBytes)
  private have = 0
  private size = 0
  private descriptors = none
  /** Came with the bytes that are looked at, and belong to no message yet. */
  private arrived = none

  /** Gives whole messages to `handle`. `outOfStep` is told the size of a message that no message has; it is expected to `stop`. */
  constructor(maxMessageBytes: number, handle: Handle, outOfStep: (size: number) => void) {
    this.maxMessageBytes = maxMessageBytes
    this.handle = handle
    this.outOfStep = outOfStep
  }

  /** Descriptors belong to the last message that begins in `bytes`, or to the one that goes on in them. Not to be called after `stop`. */
  received(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    this.arrived = descriptors
    let at = this.have > 0 ? this.proceed(bytes, 0) : 0
    if (at < 0) return
    if (this.view.buffer !== bytes.buffer) this.view = new DataView(bytes.buffer)
    const { view } = this
    const base = bytes.byteOffset
    while (bytes.length - at >= headerBytes) {
      const size = view.getUint32(base + at + 4, true)
      if (!this.isSize(size)) return this.outOfStep(size)
      const next = at + size
      if (next > bytes.length) break
      this.handle(view, base + at, size, next === bytes.length ? this.take() : none)
      if (this.isStopped) return
      at = next
    }
    if (at === bytes.length) return
    this.descriptors = this.take()
    this.proceed(bytes, at)
  }

  /** Takes no more; gives the descriptors that were not handed over. */
  stop(): ReadonlyArray<number> {
    this.isStopped = true
    const left = [...this.descriptors, ...this.take()]
    this.descriptors = none
    return left
  }

  private take(): ReadonlyArray<number> {
    const { arrived } = this
    this.arrived = none
    return arrived
  }

  private isSize(size: number): boolean {
    return size >= headerBytes && size <= this.maxMessageBytes
  }

  /** Goes on with the message that has begun; where the next one begins, or -1 if bytes are missing or wrong. */
  private proceed(bytes: Uint8Array, from: number): number {
    let at = from
    if (this.size === 0) {
      at = this.fill(bytes, at, headerBytes)
      if (this.have === headerBytes && !this.enlarge()) return -1
    }
    if (this.size > 0) at = this.fill(bytes, at, this.size)
    // Nothing begins behind it in these bytes: their descriptors are its own.
    if (at === bytes.length && this.arrived.length > 0) this.descriptors = [...this.descriptors, ...this.take()]
    return this.size > 0 && this.have === this.size ? this.end(at) : -1
  }

  /** Takes what is missing up to `wanted` bytes; where the rest begins. */
  private fill(bytes: Uint8Array, from: number, wanted: number): number {
    const to = Math.min(bytes.length, from + wanted - this.have)
    this.beginning.set(bytes.subarray(from, to), this.have)
    this.have += to - from
    return to
  }

  /** Makes place for the message whose header is there; false if it has a size that no message has. */
  private enlarge(): boolean {
    const size = new DataView(this.beginning.buffer).getUint32(4, true)
    if (!this.isSize(size)) {
      this.outOfStep(size)
      return false
    }
    const whole = new Uint8Array(size)
    whole.set(this.beginning)
    this.beginning = whole
    this.size = size
    return true
  }

  private end(next: number): number {
    const { beginning, descriptors, size } = this
    this.beginning = new Uint8Array(headerBytes)
    this.have = 0
    this.size = 0
    this.descriptors = none
    this.handle(new DataView(beginning.buffer), 0, size, descriptors)
    return this.isStopped ? -1 : next
  }
}
