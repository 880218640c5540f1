/** What holds the bytes of a region of guest memory: chunks of this process that are there once they were written, or a file that others can map. */
import type { EFAULT } from "@stopcopy/errno"
import { Either } from "effect"

/** Offsets and lengths in bytes, inside the region: the memory has checked them. */
export interface Storage {
  readonly read: (offset: number, length: number) => Either.Either<Uint8Array, EFAULT>
  /** Copies `bytes`. */
  readonly write: (offset: number, bytes: Uint8Array) => Either.Either<void, EFAULT>
  /** A descriptor of the file that has the bytes from its beginning on. None: only this process reaches them. */
  readonly descriptor?: number
  /** Offsets of pieces of `pieceBytes` that may hold anything but zeros. None: all of it may. */
  readonly resident?: () => Iterable<number>
}

/** Size of the pieces in which sparse memory is allocated, in bytes. */
export const pieceBytes = 64 * 1024

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** The parts of an access, piece by piece: which piece, where in it, where in the bytes of the access. */
const forParts = (
  offset: number,
  length: number,
  run: (piece: number, from: number, at: number, count: number) => void
): void => {
  for (let at = 0; at < length;) {
    const from = (offset + at) % pieceBytes
    const count = Math.min(pieceBytes - from, length - at)
    run(offset + at - from, from, at, count)
    at += count
  }
}

/** Memory of this process of any size. Nothing is allocated until something else than zeros is written. */
export const sparse = (): Storage => {
  const pieces = new Map<number, Uint8Array>()
  return {
    read: (offset, length) => {
      const into = new Uint8Array(length)
      forParts(offset, length, (piece, from, at, count) => {
        const bytes = pieces.get(piece)
        if (bytes !== undefined) into.set(bytes.subarray(from, from + count), at)
      })
      return Either.right(into)
    },
    write: (offset, bytes) => {
      forParts(offset, bytes.length, (piece, from, at, count) => {
        const part = bytes.subarray(at, at + count)
        const there = pieces.get(piece)
        if (there !== undefined) there.set(part, from)
        else if (!isZero(part)) {
          const made = new Uint8Array(pieceBytes)
          made.set(part, from)
          pieces.set(piece, made)
        }
      })
      return Either.void
    },
    resident: () => pieces.keys()
  }
}
