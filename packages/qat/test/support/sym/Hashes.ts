/**
 * Hashes as a driver knows them: their numbers and sizes, and the states that a key of an HMAC becomes, as drivers compute them in advance.
 * Source: `icp_qat_hw.h` of the kernel and of DPDK; RFC 2104; section 3.7 of the firmware specification.
 */
import { _SHA1 } from "@noble/hashes/legacy.js"
import { _SHA224, _SHA256, _SHA384, _SHA512 } from "@noble/hashes/sha2.js"
import { createHash } from "node:crypto"

export const hashNames = ["sha1", "sha224", "sha256", "sha384", "sha512"] as const
export type HashName = (typeof hashNames)[number]

interface HashFacts {
  /** Algorithm number in a configuration. */
  readonly number: number
  /** Sizes of the digest, of a state as a descriptor has it (padded to 8), and of a block, in bytes. */
  readonly digest: number
  readonly state: number
  readonly block: number
}

export const hashFacts: Readonly<Record<HashName, HashFacts>> = {
  sha1: { number: 1, digest: 20, state: 24, block: 64 },
  sha224: { number: 3, digest: 28, state: 32, block: 64 },
  sha256: { number: 4, digest: 32, state: 32, block: 64 },
  sha384: { number: 5, digest: 48, state: 64, block: 128 },
  sha512: { number: 6, digest: 64, state: 64, block: 128 }
}

class Sha1 extends _SHA1 {
  get words(): ReadonlyArray<number> {
    return this.get()
  }
}
class Sha224 extends _SHA224 {
  get words(): ReadonlyArray<number> {
    return this.get()
  }
}
class Sha256 extends _SHA256 {
  get words(): ReadonlyArray<number> {
    return this.get()
  }
}
class Sha384 extends _SHA384 {
  get words(): ReadonlyArray<number> {
    return this.get()
  }
}
class Sha512 extends _SHA512 {
  get words(): ReadonlyArray<number> {
    return this.get()
  }
}

const wordsAfter: Readonly<Record<HashName, (blocks: Uint8Array) => ReadonlyArray<number>>> = {
  sha1: (blocks) => new Sha1().update(blocks).words,
  sha224: (blocks) => new Sha224().update(blocks).words,
  sha256: (blocks) => new Sha256().update(blocks).words,
  sha384: (blocks) => new Sha384().update(blocks).words,
  sha512: (blocks) => new Sha512().update(blocks).words
}

/** The chaining value after whole blocks, as a descriptor has it: big-endian words, padded with zeros. */
export const stateAfter = (hash: HashName, blocks: Uint8Array): Uint8Array => {
  const state = new Uint8Array(hashFacts[hash].state)
  const view = new DataView(state.buffer)
  wordsAfter[hash](blocks).forEach((word, index) => view.setUint32(4 * index, word))
  return state
}

/** The states after the key block of the inner and of the outer hash. */
export const hmacStates = (hash: HashName, key: Uint8Array): readonly [inner: Uint8Array, outer: Uint8Array] => {
  const { block } = hashFacts[hash]
  const padded = new Uint8Array(block)
  padded.set(key.length > block ? createHash(hash).update(key).digest() : key)
  const masked = (mask: number) =>
    stateAfter(
      hash,
      padded.map((byte) => byte ^ mask)
    )
  return [masked(0x36), masked(0x5c)]
}
