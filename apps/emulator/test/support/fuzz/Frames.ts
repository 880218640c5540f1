/** Cuts a stream into messages as a peer of the protocol does. Source: sections 1 and 2 of the vfio-user specification. */
import { Header } from "@stopcopy/vfio-user"

/** The largest message that the server takes: 1 MiB of data, a header and what stands before the data. */
export const maxMessageBytes = 1024 * 1024 + 32

const { headerBytes } = Header

type Take = (header: Header.Header, payload: Uint8Array) => void

export class Frames {
  /** After a message that is too large, where it ends cannot be told. */
  isBroken = false
  private readonly take: Take
  private part = new Uint8Array(headerBytes)
  private filled = 0

  /** `take` is told every message that is whole, also one that states fewer bytes than a header, and the header of one that is too large. */
  constructor(take: Take) {
    this.take = take
  }

  /** Bytes that the message lacks that has begun, as far as is known; 0 between messages. */
  get missing(): number {
    return this.filled === 0 || this.isBroken ? 0 : this.part.byteLength - this.filled
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength && !this.isBroken;) {
      const length = Math.min(this.part.byteLength - this.filled, bytes.byteLength - at)
      this.part.set(bytes.subarray(at, at + length), this.filled)
      this.filled += length
      at += length
      if (this.filled === this.part.byteLength) this.full()
    }
  }

  private full(): void {
    const header = Header.decodeHeader(new DataView(this.part.buffer), 0)
    this.isBroken = header.size > maxMessageBytes
    if (!this.isBroken && this.filled === headerBytes && header.size > headerBytes) {
      const whole = new Uint8Array(header.size)
      whole.set(this.part)
      this.part = whole
      return
    }
    const payload = this.part.subarray(headerBytes)
    this.part = new Uint8Array(headerBytes)
    this.filled = 0
    this.take(header, payload)
  }
}
