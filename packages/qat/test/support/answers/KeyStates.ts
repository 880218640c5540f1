/**
 * Chaining values of SHA-1 and SHA-2 after one block, as drivers compute them from an HMAC key: plain and slow, and nothing of it shared
 * with the device. Source: FIPS 180-4, sections 4 to 6; RFC 2104.
 */
import { createHash } from "node:crypto"

const hashNames = ["sha1", "sha224", "sha256", "sha384", "sha512"] as const
export type HashName = (typeof hashNames)[number]

/** Sizes in bytes: of a block, of the digest, and of a chaining value. */
export const hashSizes: Readonly<Record<HashName, { readonly block: number; digest: number; state: number }>> = {
  sha1: { block: 64, digest: 20, state: 20 },
  sha224: { block: 64, digest: 28, state: 32 },
  sha256: { block: 64, digest: 32, state: 32 },
  sha384: { block: 128, digest: 48, state: 64 },
  sha512: { block: 128, digest: 64, state: 64 }
}

const primes: ReadonlyArray<bigint> = Array.from({ length: 410 }, (_, at) => at)
  .filter((n) => n > 1 && Array.from({ length: n }, (_, at) => at).every((d) => d < 2 || n % d !== 0))
  .map(BigInt)

/** The first 64 bits of the fractional part of the root of `n`: 2 for the square root, 3 for the cube root. */
const fraction = (n: bigint, root: bigint): bigint => {
  const target = n << (64n * root)
  let [low, high] = [0n, 1n << 70n]
  while (low < high) {
    const middle = (low + high + 1n) >> 1n
    if (middle ** root <= target) low = middle
    else high = middle - 1n
  }
  return low & 0xffff_ffff_ffff_ffffn
}

const squares = primes.slice(0, 16).map((prime) => fraction(prime, 2n))
const cubes = primes.slice(0, 80).map((prime) => fraction(prime, 3n))

/** Initial values: the roots of the first eight primes, or of the next eight. */
const initial: Readonly<Record<HashName, ReadonlyArray<bigint>>> = {
  sha1: [0x67452301n, 0xefcdab89n, 0x98badcfen, 0x10325476n, 0xc3d2e1f0n],
  sha224: squares.slice(8).map((square) => square & 0xffff_ffffn),
  sha256: squares.slice(0, 8).map((square) => square >> 32n),
  sha384: squares.slice(8),
  sha512: squares.slice(0, 8)
}

interface Words {
  /** Bits of a word. */
  readonly bits: 32 | 64
  readonly rounds: number
  /** Rotations; the third of the first two is a shift. */
  readonly schedule: readonly [readonly [number, number, number], readonly [number, number, number]]
  readonly sums: readonly [readonly [number, number, number], readonly [number, number, number]]
}

const short: Words = {
  bits: 32,
  rounds: 64,
  schedule: [
    [7, 18, 3],
    [17, 19, 10]
  ],
  sums: [
    [2, 13, 22],
    [6, 11, 25]
  ]
}
const long: Words = {
  bits: 64,
  rounds: 80,
  schedule: [
    [1, 8, 7],
    [19, 61, 6]
  ],
  sums: [
    [28, 34, 39],
    [14, 18, 41]
  ]
}

const of = (words: ReadonlyArray<bigint>, at: number): bigint => words[at] ?? 0n

const rotate = (bits: number, word: bigint, by: number): bigint =>
  BigInt.asUintN(bits, (word >> BigInt(by)) | (word << BigInt(bits - by)))

const split = (block: Uint8Array, bytes: number): Array<bigint> =>
  Array.from({ length: 16 }, (_, at) =>
    BigInt(`0x${Buffer.from(block.subarray(at * bytes, at * bytes + bytes)).toString("hex")}`)
  )

const join = (words: ReadonlyArray<bigint>, bytes: number): Uint8Array =>
  new Uint8Array(Buffer.from(words.map((word) => word.toString(16).padStart(2 * bytes, "0")).join(""), "hex"))

const compress2 = ({ bits, rounds, schedule, sums }: Words, start: ReadonlyArray<bigint>, block: Uint8Array) => {
  const cut = (word: bigint) => BigInt.asUintN(bits, word)
  const sigma = ([one, two, shift]: readonly [number, number, number], word: bigint) =>
    rotate(bits, word, one) ^ rotate(bits, word, two) ^ (word >> BigInt(shift))
  const sum = ([one, two, three]: readonly [number, number, number], word: bigint) =>
    rotate(bits, word, one) ^ rotate(bits, word, two) ^ rotate(bits, word, three)
  const w = split(block, bits / 8)
  for (let t = 16; t < rounds; t++) {
    w.push(cut(sigma(schedule[1], of(w, t - 2)) + of(w, t - 7) + sigma(schedule[0], of(w, t - 15)) + of(w, t - 16)))
  }
  let state = [...start]
  for (let t = 0; t < rounds; t++) {
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = state
    const constant = of(cubes, t) >> BigInt(64 - bits)
    const one = h + sum(sums[1], e) + ((e & f) ^ (cut(~e) & g)) + constant + of(w, t)
    const two = sum(sums[0], a) + ((a & b) ^ (a & c) ^ (b & c))
    state = [cut(one + two), a, b, c, cut(d + one), e, f, g]
  }
  return state.map((word, at) => cut(word + of(start, at)))
}

const choices = [
  [0x5a827999n, (b: bigint, c: bigint, d: bigint) => (b & c) ^ (BigInt.asUintN(32, ~b) & d)],
  [0x6ed9eba1n, (b: bigint, c: bigint, d: bigint) => b ^ c ^ d],
  [0x8f1bbcdcn, (b: bigint, c: bigint, d: bigint) => (b & c) ^ (b & d) ^ (c & d)],
  [0xca62c1d6n, (b: bigint, c: bigint, d: bigint) => b ^ c ^ d]
] as const

const compress1 = (start: ReadonlyArray<bigint>, block: Uint8Array): ReadonlyArray<bigint> => {
  const w = split(block, 4)
  for (let t = 16; t < 80; t++) w.push(rotate(32, of(w, t - 3) ^ of(w, t - 8) ^ of(w, t - 14) ^ of(w, t - 16), 31))
  let state = [...start]
  for (let t = 0; t < 80; t++) {
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = state
    const [constant, choose] = choices[Math.floor(t / 20)] ?? choices[0]
    const next = rotate(32, a, 27) + choose(b, c, d) + e + constant + of(w, t)
    state = [BigInt.asUintN(32, next), a, rotate(32, b, 2), c, d]
  }
  return state.map((word, at) => BigInt.asUintN(32, word + of(start, at)))
}

/** The bytes of a chaining value after the initial one has taken `block`; of the initial value itself without. */
export const stateAfter = (name: HashName, block?: Uint8Array): Uint8Array => {
  const wordBytes = hashSizes[name].block / 16
  const start = initial[name]
  if (block === undefined) return join(start, wordBytes)
  return join(
    name === "sha1" ? compress1(start, block) : compress2(wordBytes === 4 ? short : long, start, block),
    wordBytes
  )
}

type States = readonly [inner: Uint8Array, outer: Uint8Array]

/** Tests use the same keys again and again, and this takes its time. */
const found = new Map<string, States>()

/** The states after the inner and the outer block of an HMAC key. */
export const keyStates = (name: HashName, key: Uint8Array): States => {
  const id = `${name} ${Buffer.from(key).toString("hex")}`
  const before = found.get(id)
  if (before !== undefined) return before
  const { block } = hashSizes[name]
  const short = key.length > block ? createHash(name).update(key).digest() : key
  const padded = (pad: number) => Uint8Array.from({ length: block }, (_, at) => (short[at] ?? 0) ^ pad)
  const states = [stateAfter(name, padded(0x36)), stateAfter(name, padded(0x5c))] as const
  found.set(id, states)
  return states
}
