/**
 * Hashes that go on from a chaining value, with one block of input already behind them: an HMAC whose key is known only as the two
 * states after its inner and its outer block. Node's own hashes cannot start from such a value.
 * Source: FIPS 180-4, RFC 2104; chaining values are big-endian words, of 32 bits or, for SHA-384 and SHA-512, of 64.
 */
import { _SHA1 } from "@noble/hashes/legacy.js"
import { _SHA224, _SHA256, _SHA384, _SHA512 } from "@noble/hashes/sha2.js"

/** A hash under way. */
interface Running {
  readonly update: (bytes: Uint8Array) => unknown
  readonly digest: () => Uint8Array
}

/** The big-endian 32-bit word number `index` of a state. */
type Words = (index: number) => number

class Sha1 extends _SHA1 {
  constructor(at: Words) {
    super()
    this.set(at(0), at(1), at(2), at(3), at(4))
    this.length = this.blockLen
  }
}

class Sha224 extends _SHA224 {
  constructor(at: Words) {
    super()
    this.set(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    this.length = this.blockLen
  }
}

class Sha256 extends _SHA256 {
  constructor(at: Words) {
    super()
    this.set(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    this.length = this.blockLen
  }
}

class Sha384 extends _SHA384 {
  constructor(at: Words) {
    super()
    // prettier-ignore
    this.set(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7),
      at(8), at(9), at(10), at(11), at(12), at(13), at(14), at(15))
    this.length = this.blockLen
  }
}

class Sha512 extends _SHA512 {
  constructor(at: Words) {
    super()
    // prettier-ignore
    this.set(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7),
      at(8), at(9), at(10), at(11), at(12), at(13), at(14), at(15))
    this.length = this.blockLen
  }
}

const from: Readonly<Record<HashName, (at: Words) => Running>> = {
  sha1: (at) => new Sha1(at),
  sha224: (at) => new Sha224(at),
  sha256: (at) => new Sha256(at),
  sha384: (at) => new Sha384(at),
  sha512: (at) => new Sha512(at)
}

export type HashName = "sha1" | "sha224" | "sha256" | "sha384" | "sha512"

const resume = (name: HashName, state: Uint8Array): Running => {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength)
  return from[name]((index) => view.getUint32(4 * index))
}

/** The HMAC of the concatenated pieces, from the states after the inner and after the outer key block. */
export const hmac = (
  name: HashName,
  inner: Uint8Array,
  outer: Uint8Array,
  pieces: ReadonlyArray<Uint8Array>
): Uint8Array => {
  const message = resume(name, inner)
  for (const piece of pieces) message.update(piece)
  const digest = resume(name, outer)
  digest.update(message.digest())
  return digest.digest()
}
