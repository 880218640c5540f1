/** Puts bytes into an arena as a driver's buffers have them: flat, or as a list of pieces that lie anywhere. */
import type { Arena } from "../dc/Arena.ts"
import type { Place } from "../dc/Requests.ts"

interface Spread {
  /** The buffer, or its list. */
  readonly place: Place
  readonly pieces: ReadonlyArray<Place>
}

/** Sizes of pieces that make `length` bytes: `cuts` as long as they last, then the rest. */
const sizesOf = (length: number, cuts: ReadonlyArray<number>): ReadonlyArray<number> => {
  let left = length
  const sizes = cuts.map((cut) => {
    const size = Math.min(cut, left)
    left -= size
    return size
  })
  return [...sizes, left]
}

/** A copy of `bytes`, in a list if there are `cuts`: sizes of its pieces but the last, which may be 0. */
export const spread = (arena: Arena, bytes: Uint8Array, cuts: ReadonlyArray<number> | undefined): Spread => {
  if (cuts === undefined) {
    const place = arena.put(bytes)
    return { place, pieces: [place] }
  }
  let at = 0
  const parts = sizesOf(bytes.length, cuts).map((size) => bytes.subarray(at, (at += size)))
  // The last piece comes first in memory: nothing may depend on the order of addresses.
  const pieces = parts
    .toReversed()
    .map((part) => arena.put(part))
    .toReversed()
  return { place: arena.list(pieces), pieces }
}

/** What a spread buffer holds now. */
export const gathered = (arena: Arena, { pieces, place }: Spread): Uint8Array => arena.read(pieces, place.length)
