/**
 * Migration data as something that two sides can compare: of a device that is known its values, of any other the bytes themselves. Sources: `docs/architecture.md`,
 * "Same state: `migratedView`"; section 2 of RFC 9162 for digests over digests.
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import type { Views } from "@stopcopy/agent"
import { decodeBlock, Layout, MigratedView } from "@stopcopy/qat"
import { Either } from "effect"

/** A view with its digests. */
export interface Seen {
  readonly view: Views.View
  readonly digests: Views.Digests
}

/** Takes the data of one session, piece by piece, and tells what they are. Holds a bounded part of them. */
export interface StateReader {
  readonly take: (bytes: Uint8Array) => void
  /** What was taken so far; may be asked at any time. */
  readonly seen: () => Seen
}

export interface StateFormat {
  /** For people. */
  readonly name: string
  /** Whether equal devices give equal views, however often and in whatever parts they are saved. */
  readonly comparesState: boolean
  readonly reader: () => StateReader
}

/** Bytes under one digest at first; each time that there are `pieceLimit` digests, two become one. */
const firstPiece = 64 * 1024
/** Digests that a reader keeps, and a view has, at most. */
export const pieceLimit = 64

const seenOf = (view: Views.View): Seen => ({ view, digests: MigratedView.digest(view) })

/** Digests of pieces in a row. A difference is found within a piece. */
class Pieces {
  private digests: Array<Uint8Array> = []
  private pieceBytes = firstPiece
  private bytes = 0
  /** The first-level pieces of the last, unfinished one. */
  private open = sha256.create()
  private openBytes = 0
  /** First-level digests that do not make a piece yet. */
  private pending: Array<Uint8Array> = []

  take(bytes: Uint8Array): void {
    this.bytes += bytes.length
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + firstPiece - this.openBytes)
      this.open.update(part)
      this.openBytes += part.length
      at += part.length
      if (this.openBytes === firstPiece) this.finish()
    }
  }

  private finish(): void {
    this.pending.push(this.open.digest())
    this.open = sha256.create()
    this.openBytes = 0
    if (this.pending.length * firstPiece < this.pieceBytes) return
    this.digests.push(over(this.pending))
    this.pending = []
    if (this.digests.length < pieceLimit) return
    const pairs = this.digests.length / 2
    this.digests = Array.from({ length: pairs }, (_, pair) => over(this.digests.slice(2 * pair, 2 * pair + 2)))
    this.pieceBytes *= 2
  }

  view(): Views.View {
    const rest = this.openBytes === 0 ? this.pending : [...this.pending, this.open.clone().digest()]
    const all = rest.length === 0 ? this.digests : [...this.digests, over(rest)]
    const pieces = all.map((digest, index) => [`0x${(index * this.pieceBytes).toString(16)}`, bytesToHex(digest)])
    return { DATA: { bytes: String(this.bytes) }, PIECES: Object.fromEntries(pieces) }
  }
}

/** One digest over several: a tree, as high as it has to be. */
const over = (digests: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first = new Uint8Array(0), ...more] = digests
  if (more.length === 0) return first
  const half = 2 ** Math.ceil(Math.log2(digests.length) - 1)
  return sha256
    .create()
    .update(over(digests.slice(0, half)))
    .update(over(digests.slice(half)))
    .digest()
}

/** Bytes that nobody here can read: how many, and digests by their offset. */
export const opaque: StateFormat = {
  name: "opaque",
  comparesState: false,
  reader: () => {
    const pieces = new Pieces()
    return { take: (bytes) => pieces.take(bytes), seen: () => seenOf(pieces.view()) }
  }
}

/** The migration block of a QAT GEN4 VF, by `migratedView`. What is no such block is seen as bytes. */
export const qat: StateFormat = {
  name: "QAT GEN4 migration block",
  comparesState: true,
  reader: () => {
    const pieces = new Pieces()
    const block = new Uint8Array(Layout.blockBytes)
    let length = 0
    return {
      take: (bytes) => {
        pieces.take(bytes)
        if (length < block.length) block.set(bytes.subarray(0, block.length - length), length)
        length += bytes.length
      },
      seen: () => {
        const decoded = length <= block.length ? decodeBlock(block.subarray(0, length)) : undefined
        return decoded !== undefined && Either.isRight(decoded)
          ? seenOf(MigratedView.blockView(decoded.right))
          : seenOf(pieces.view())
      }
    }
  }
}
