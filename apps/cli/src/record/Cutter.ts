/**
 * Cuts a stream into whole messages, each with its descriptors, and changes nothing: what is no message goes through as it is. Source: sections "Header" and
 * "Message sizes" of QEMU `docs/interop/vfio-user.rst`.
 *
 * C1 A message whose size is below 16 counts as its header alone, as servers take it.
 * C2 Behind a size that cannot be there are no messages any more: bytes go through.
 * C3 Descriptors belong to the last message that starts in the bytes they came with, or to the one that has begun.
 */
import { Header } from "@stopcopy/vfio-user"

/** Bytes of their own with their descriptors. `isMessage`: whole, from header to end. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly descriptors: ReadonlyArray<number>
  readonly isMessage: boolean
}

/** The largest message that there may be: data of 64 MiB, QEMU's limit, and what stands before them. */
const maxMessageBytes = 64 * 1024 * 1024 + 64

const noBytes = new Uint8Array(0)

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const both = new Uint8Array(first.byteLength + second.byteLength)
  both.set(first)
  both.set(second, first.byteLength)
  return both
}

export class Cutter {
  private begun: Uint8Array = noBytes
  private descriptors: ReadonlyArray<number> = []
  private isRaw = false

  /** `bytes` are borrowed, `descriptors` are the piece's that they go with. */
  take(bytes: Uint8Array, descriptors: ReadonlyArray<number>): ReadonlyArray<Piece> {
    if (this.isRaw) return [{ bytes: bytes.slice(), descriptors, isMessage: false }]
    const before = this.begun.byteLength
    const all = before === 0 ? bytes : joined(this.begun, bytes)
    const pieces: Array<Piece> = []
    let at = 0
    for (let end = this.endOf(all, at); end !== undefined; end = this.endOf(all, at)) {
      pieces.push({ bytes: all.slice(at, end), descriptors: this.claim(), isMessage: !this.isRaw })
      at = end
    }
    this.begun = all.slice(at)
    // Something starts in these bytes behind the last whole message, or nothing starts there at all.
    if (at < all.byteLength || pieces.length === 0) this.descriptors = [...this.descriptors, ...descriptors]
    else this.give(pieces, descriptors)
    return pieces
  }

  /** What has begun and will not end. */
  rest(): Piece | undefined {
    if (this.begun.byteLength === 0 && this.descriptors.length === 0) return undefined
    const bytes = this.begun
    this.begun = noBytes
    return { bytes, descriptors: this.claim(), isMessage: false }
  }

  /** Where the message at `at` ends; undefined while it is not whole. */
  private endOf(all: Uint8Array, at: number): number | undefined {
    const left = all.byteLength - at
    if (left < Header.headerBytes || this.isRaw) return undefined
    const stated = new DataView(all.buffer, all.byteOffset + at).getUint32(4, true)
    if (stated > maxMessageBytes) {
      this.isRaw = true
      return all.byteLength
    }
    const size = Math.max(stated, Header.headerBytes)
    return size > left ? undefined : at + size
  }

  private claim(): ReadonlyArray<number> {
    const { descriptors } = this
    this.descriptors = []
    return descriptors
  }

  private give(pieces: Array<Piece>, descriptors: ReadonlyArray<number>): void {
    const last = pieces.pop()
    if (last !== undefined) pieces.push({ ...last, descriptors: [...last.descriptors, ...descriptors] })
  }
}
