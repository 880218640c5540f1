/**
 * Cuts the stream of a connection into messages: any split, several messages in one chunk, descriptors with the right message. Source: sections 1 and 2 of
 * the vfio-user specification; QEMU `docs/interop/vfio-user.rst`, "Header".
 *
 * F1 A message that is whole in a chunk is handed on where it lies; only a message that is split is copied.
 * F2 Memory is bounded by the largest message that is allowed; before the first message is there, by the largest VERSION.
 * F3 A message whose size is below 16 counts as its header alone. After one above the limit nothing is read: its end cannot be trusted.
 */
import { headerBytes } from "../Header.ts"

/** What takes the messages. */
export interface Sink {
  /**
   * One message of `size` bytes at `at`, its header's size field unchecked. Both belong to the sink until it returns; the descriptors for good.
   * False: it wants no more.
   */
  readonly message: (
    bytes: Uint8Array,
    view: DataView,
    at: number,
    size: number,
    descriptors: ReadonlyArray<number>
  ) => boolean
  /** Descriptors that belong to no message. */
  readonly unclaimed: (descriptors: ReadonlyArray<number>) => void
}

/** The most descriptors that one message in pieces gathers; libvfio-user's buffer. */
const maxDescriptors = 1024
const none: ReadonlyArray<number> = []

export class Framing {
  private readonly sink: Sink
  /** The largest message after the first one, header included. */
  private readonly laterBytes: number
  /** The largest message that may come now. */
  private maxBytes: number
  /** A message that has begun: its first `filled` bytes. */
  private part = new Uint8Array(headerBytes)
  private filled = 0
  private descriptors: ReadonlyArray<number> = none
  private broken = false

  /** `firstBytes`: the largest first message; `laterBytes`: the largest behind it; headers included. */
  constructor(sink: Sink, firstBytes: number, laterBytes: number) {
    this.sink = sink
    this.maxBytes = firstBytes
    this.laterBytes = laterBytes
  }

  /** Hands on every message that is now complete. `descriptors` are of the last message that starts in `bytes`. */
  push(bytes: Uint8Array, descriptors: ReadonlyArray<number>): void {
    let [at, left] = [0, descriptors]
    if (this.filled > 0 && !this.broken) {
      at = this.fill(bytes)
      if (at === bytes.byteLength) left = this.claim(descriptors)
      if (this.isWhole() && !this.handOnPart()) this.broken = true
    }
    if (!this.broken) left = this.handOn(bytes, at, left)
    if (left.length > 0) this.sink.unclaimed(left)
  }

  /** Forgets what has begun; gives its descriptors. */
  clear(): ReadonlyArray<number> {
    const left = this.descriptors
    this.broken = true
    this.filled = 0
    this.part = new Uint8Array(0)
    this.descriptors = none
    return left
  }

  /** The size of the message at `at` as far as it is to be read. */
  private sizeAt(view: DataView, at: number): number {
    const size = view.getUint32(at + 4, true)
    return size < headerBytes || size > this.maxBytes ? headerBytes : size
  }

  private isTooLarge(view: DataView, at: number): boolean {
    return view.getUint32(at + 4, true) > this.maxBytes
  }

  /** Messages from `at` on; gives the descriptors that no message took. */
  private handOn(bytes: Uint8Array, from: number, descriptors: ReadonlyArray<number>): ReadonlyArray<number> {
    const end = bytes.byteLength
    if (from >= end) return descriptors
    const view = new DataView(bytes.buffer, bytes.byteOffset, end)
    let at = from
    while (end - at >= headerBytes) {
      const size = this.sizeAt(view, at)
      if (size > end - at) break
      const tooLarge = this.isTooLarge(view, at)
      const isLast = tooLarge || at + size === end
      if (!this.sink.message(bytes, view, at, size, isLast ? descriptors : none) || tooLarge) {
        this.broken = true
        return isLast ? none : descriptors
      }
      this.maxBytes = this.laterBytes
      at += size
      if (isLast) return none
    }
    this.keep(bytes, view, at, descriptors)
    return none
  }

  private keep(bytes: Uint8Array, view: DataView, at: number, descriptors: ReadonlyArray<number>): void {
    this.filled = bytes.byteLength - at
    this.part = new Uint8Array(this.filled < headerBytes ? headerBytes : this.sizeAt(view, at))
    this.part.set(bytes.subarray(at))
    this.descriptors = descriptors
  }

  /** Copies what belongs to the message that has begun; gives where the rest starts. */
  private fill(bytes: Uint8Array): number {
    let at = this.copy(bytes, 0)
    if (this.filled === headerBytes && this.part.byteLength === headerBytes) {
      const size = this.sizeAt(new DataView(this.part.buffer), 0)
      if (size > headerBytes) {
        const whole = new Uint8Array(size)
        whole.set(this.part)
        this.part = whole
        at = this.copy(bytes, at)
      }
    }
    return at
  }

  private copy(bytes: Uint8Array, at: number): number {
    const length = Math.min(this.part.byteLength - this.filled, bytes.byteLength - at)
    this.part.set(bytes.subarray(at, at + length), this.filled)
    this.filled += length
    return at + length
  }

  private isWhole(): boolean {
    return this.filled >= headerBytes && this.filled === this.part.byteLength
  }

  /** No message starts in this chunk: its descriptors are of the one that has begun. Gives those that are too many. */
  private claim(descriptors: ReadonlyArray<number>): ReadonlyArray<number> {
    if (descriptors.length === 0) return descriptors
    const room = maxDescriptors - this.descriptors.length
    this.descriptors = [...this.descriptors, ...descriptors.slice(0, room)]
    return descriptors.slice(room)
  }

  private handOnPart(): boolean {
    const { descriptors, part } = this
    this.part = new Uint8Array(headerBytes)
    this.filled = 0
    this.descriptors = none
    const view = new DataView(part.buffer)
    const goesOn = this.sink.message(part, view, 0, part.byteLength, descriptors) && !this.isTooLarge(view, 0)
    this.maxBytes = this.laterBytes
    return goesOn
  }
}
