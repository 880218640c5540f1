/**
 * The device's hash: what a configuration says, and the work. A block of 16 bytes, then state 1; state 2 has a place of its own.
 * Configuration word, little endian: bits 3:0 and 23:22 algorithm, 7:4 mode (0 plain, 1 HMAC from two states).
 * Source: `icp_qat_hw.h` of the kernel and of DPDK; section 3.7 of the firmware specification.
 */
import { createHash } from "node:crypto"
import { type HashName, hmac } from "./MidState.ts"
import type { Refusal } from "./Refusal.ts"

/** Name, bytes of the digest, and bytes of a chaining value of each algorithm. */
const algorithms: ReadonlyMap<number, { readonly name: HashName; readonly digest: number; readonly state: number }> =
  new Map([
    [1, { name: "sha1", digest: 20, state: 20 }],
    [3, { name: "sha224", digest: 28, state: 32 }],
    [4, { name: "sha256", digest: 32, state: 32 }],
    [5, { name: "sha384", digest: 48, state: 64 }],
    [6, { name: "sha512", digest: 64, state: 64 }]
  ])

/** Algorithm number of the hash that belongs to GCM. */
export const galois = 10

/** Bytes of a hash's setup, before its first state. */
const setupBytes = 16

export interface HashConfig {
  /** Size of the whole digest, in bytes. */
  readonly digestBytes: number
  /** The digest of the concatenated pieces. */
  readonly digest: (pieces: ReadonlyArray<Uint8Array>) => Uint8Array
}

/** Algorithm number and mode of a configuration word. */
export const hashKind = (word: number): { readonly algorithm: number; readonly mode: number } => ({
  algorithm: (word & 0x0f) | ((word >> 18) & 0x30),
  mode: (word >> 4) & 0x0f
})

/** A hash without key. Its first state is always the one that the standard gives. */
const plain = (name: HashName) => (pieces: ReadonlyArray<Uint8Array>) => {
  const hash = createHash(name)
  for (const piece of pieces) hash.update(piece)
  return hash.digest()
}

/** The hash without key that a configuration word means. */
export const plainHash = (word: number): HashConfig | Refusal => {
  const { algorithm, mode } = hashKind(word)
  const known = algorithms.get(algorithm)
  if (known === undefined || mode !== 0) return "unsupported"
  return { digestBytes: known.digest, digest: plain(known.name) }
}

/** The word at `at` of a content descriptor; undefined if it has no room there for a setup. */
export const hashWord = (descriptor: Uint8Array, at: number): number | undefined =>
  at + setupBytes > descriptor.length
    ? undefined
    : new DataView(descriptor.buffer, descriptor.byteOffset + at, 4).getUint32(0, true)

/** The hash configured at `at` bytes of a content descriptor, whose second state lies at `state2At`. */
export const hashOf = (descriptor: Uint8Array, at: number, state2At: number): HashConfig | Refusal => {
  const word = hashWord(descriptor, at)
  if (word === undefined) return "invalid"
  const { algorithm, mode } = hashKind(word)
  if (mode !== 1) return plainHash(word)
  const known = algorithms.get(algorithm)
  if (known === undefined) return "unsupported"
  const state1At = at + setupBytes
  if (Math.max(state1At, state2At) + known.state > descriptor.length) return "invalid"
  const inner = descriptor.subarray(state1At, state1At + known.state)
  const outer = descriptor.subarray(state2At, state2At + known.state)
  return { digestBytes: known.digest, digest: (pieces) => hmac(known.name, inner, outer, pieces) }
}
