/**
 * The replies of one pass in one growing buffer, sent together. Source: section 1 of the vfio-user specification: a message goes out in one write.
 *
 * R1 A reply is begun, filled in place, and then kept or dropped; replies come one after the other.
 * R2 Bytes of a reply that is begun stay where they are until it is kept or dropped, also while those before it are taken: a device may fill them later.
 */
import { errorReply, headerBytes, typeReply } from "../Header.ts"

const usualBytes = 64 * 1024

export class Replies {
  /** Free for the caller to write into where a reply has been begun. */
  bytes = new Uint8Array(usualBytes)
  view = new DataView(this.bytes.buffer)
  /** Bytes before this were taken. */
  private taken = 0
  /** Bytes before this are of kept replies. */
  private kept = 0
  /** The end of the reply that is begun. */
  private begun = 0

  /** Bytes of kept replies that wait to be taken. */
  get pending(): number {
    return this.kept - this.taken
  }

  /** Begins a good reply with its header; gives where its payload of `payloadBytes` goes. Old bytes may stand there. */
  begin(id: number, command: number, payloadBytes: number): number {
    const at = this.kept
    const size = headerBytes + payloadBytes
    this.begun = at + size
    if (this.begun > this.bytes.byteLength) this.grow(this.begun)
    this.header(at, id, command, size, typeReply, 0)
    return at + headerBytes
  }

  /** What was begun is a reply. */
  keep(): void {
    this.kept = this.begun
  }

  /** A whole error reply. */
  fail(id: number, command: number, errno: number): void {
    const end = this.kept + headerBytes
    if (end > this.bytes.byteLength) this.grow(end)
    this.header(this.kept, id, command, headerBytes, typeReply | errorReply, errno)
    this.kept = end
  }

  /** The kept replies in fresh bytes. With `mayMove` false a begun reply stays where it is. */
  take(mayMove: boolean): Uint8Array<ArrayBuffer> {
    const out = this.bytes.slice(this.taken, this.kept)
    this.taken = this.kept
    if (mayMove) this.clear()
    return out
  }

  private clear(): void {
    this.taken = 0
    this.kept = 0
    if (this.bytes.byteLength > usualBytes) this.use(new Uint8Array(usualBytes))
  }

  private header(at: number, id: number, command: number, size: number, flags: number, error: number): void {
    const { view } = this
    view.setUint16(at, id, true)
    view.setUint16(at + 2, command, true)
    view.setUint32(at + 4, size, true)
    view.setUint32(at + 8, flags, true)
    view.setUint32(at + 12, error, true)
  }

  private grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, 2 * this.bytes.byteLength))
    larger.set(this.bytes.subarray(0, this.kept))
    this.use(larger)
  }

  private use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}
