/** A request with a digest tried out at random: behind the data or at its own address, made or compared, and then right or wrong. */
import type { Arena } from "../dc/Arena.ts"
import type { Chances } from "./Chances.ts"
import { type Setting, untouched } from "./Laid.ts"
import type { Ask, Built, Digest } from "./Requests.ts"
import { trial, type Tried } from "./Trial.ts"

interface DigestCase {
  /** Source, with room for the digest behind the hashed bytes if it may lie there. */
  readonly data: Uint8Array
  /** Where the hashed bytes end. */
  readonly end: number
  readonly mayLieBehind: boolean
  /** The digest that is right, as far as it counts. */
  readonly digest: Uint8Array
}

export interface DigestTried extends Tried {
  /** The destination before the request. */
  readonly before: Uint8Array
  /** What the status should be. */
  readonly wanted: number
  /** What should be where the digest is, and what is; the destination of a digest behind it included. */
  readonly digests: readonly [wanted: Uint8Array, found: Uint8Array]
  /** `bytes` as the destination should be once the digest is there. */
  readonly finished: (bytes: Uint8Array) => Uint8Array
}

/** `bytes` with others from `offset` on. */
export const replaced = (bytes: Uint8Array, offset: number, others: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(bytes)
  copy.set(others, offset)
  return copy
}

/** What a destination holds before a request whose source holds `data`. */
export const before = (data: Uint8Array, { inPlace }: Setting): Uint8Array =>
  inPlace ? data : new Uint8Array(data.length).fill(untouched)

const mismatch = 0x80

export const digestTrial = (
  chances: Chances,
  setting: Setting,
  { data, digest, end, mayLieBehind }: DigestCase,
  build: (ask: Ask, digest: Digest, arena: Arena) => Built
): DigestTried => {
  const [verify, behind] = [chances.coin, mayLieBehind && chances.coin]
  const wrong = verify && chances.coin
  const given = wrong ? chances.spoiled(digest) : digest
  const source = behind && verify ? replaced(data, end, given) : data
  const size = digest.length
  let at = { address: 0n, length: 0 }
  const tried = trial(source, setting, (ask, arena) => {
    if (!behind) at = arena.put(verify ? given : new Uint8Array(size))
    return build(ask, { size, at: behind ? "behind" : at.address, verify }, arena)
  })
  const found = behind ? (verify ? tried.source : tried.destination).subarray(end, end + size) : tried.at(at)
  return {
    ...tried,
    before: before(source, setting),
    wanted: wrong ? mismatch : 0,
    digests: [given, found],
    finished: (bytes) => (behind && !verify ? replaced(bytes, end, digest) : bytes)
  }
}
