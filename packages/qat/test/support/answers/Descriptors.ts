/**
 * Parts of content descriptors as drivers build them: cipher blocks of both layouts, hash blocks without key, of HMAC and of GCM.
 * Source: `qat_sym_session.c` of DPDK, `qat_algs.c` of the kernel; sections 3.5 to 3.7 of the firmware specification.
 */
import { createCipheriv } from "node:crypto"
import { hashSizes, type HashName, keyStates, stateAfter } from "./KeyStates.ts"

export type CipherMode = "ecb" | "cbc" | "ctr"

/** Algorithm numbers by bytes of the key. */
const aes: Readonly<Record<number, number>> = { 16: 3, 24: 4, 32: 5 }
const modes = { ecb: 0, cbc: 1, ctr: 2, aead: 4 } as const
const hashes: Readonly<Record<HashName, number>> = { sha1: 1, sha224: 3, sha256: 4, sha384: 5, sha512: 6 }
const galois = 10

const decryptFlag = 0x100
const convertFlag = 0x200

/** A cipher block, and the size of its key as the control block says it. */
export interface CipherBlock {
  readonly bytes: Uint8Array
  readonly keyBytes: number
}

const words = (...values: ReadonlyArray<number>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  values.forEach((value, index) => view.setUint32(4 * index, value, true))
  return new Uint8Array(view.buffer)
}

/** The bytes one behind the other. */
export const join = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** `bytes` with zeros behind, up to a multiple of `unit`. */
const padded = (bytes: Uint8Array, unit: number): Uint8Array =>
  join(bytes, new Uint8Array((unit - (bytes.length % unit)) % unit))

/** Only deciphering in these modes needs the key schedule of the other direction. */
const directionBits = (mode: CipherMode, decrypt: boolean): number =>
  decrypt && mode !== "ctr" ? decryptFlag | convertFlag : 0

/** Configuration word of a cipher. */
const cipherWord = (mode: CipherMode, key: Uint8Array, decrypt: boolean): number =>
  (aes[key.length] ?? 0) | (modes[mode] << 4) | directionBits(mode, decrypt)

/** The layout of older parts: the key directly behind two words. */
export const legacyCipher = (mode: CipherMode, key: Uint8Array, decrypt: boolean): CipherBlock => ({
  bytes: join(words(cipherWord(mode, key, decrypt), 0), key),
  keyBytes: key.length
})

const ucs = (word: number, second: number, key: Uint8Array): CipherBlock => {
  const filled = padded(key, 16)
  return { bytes: join(words(word, second, 0, 0), filled), keyBytes: filled.length }
}

/** The layout of the GEN4 cipher slice: the key behind four words, filled up to 16 bytes. */
export const ucsCipher = (mode: CipherMode, key: Uint8Array, decrypt: boolean): CipherBlock =>
  ucs(cipherWord(mode, key, decrypt), 0, key)

/** AES-GCM in a single pass. */
export const singlePassCipher = (
  key: Uint8Array,
  decrypt: boolean,
  tagBytes: number,
  aadBytes: number
): CipherBlock => {
  const word = (aes[key.length] ?? 0) | (modes.aead << 4) | (decrypt ? decryptFlag : 0) | (tagBytes << 10)
  return ucs(word, ((aadBytes & 0xff) << 24) | ((aadBytes >> 8) << 16), key)
}

/** A hash block: a setup of 16 bytes, the first state, and perhaps a second one. */
export interface HashBlock {
  readonly bytes: Uint8Array
  readonly state1Bytes: number
  /** From the start of the block. */
  readonly state2At: number
  readonly state2Bytes: number
}

/** Counter of the setup, which is big endian. */
const setup = (word: number, counter: number): Uint8Array => join(words(word, 0), words(counter).reverse(), words(0))

const hashBlock = (first: Uint8Array, state1: Uint8Array, state2: Uint8Array): HashBlock => ({
  bytes: join(first, state1, state2),
  state1Bytes: state1.length,
  state2At: first.length + state1.length,
  state2Bytes: state2.length
})

/** A hash without key. */
export const plainHash = (name: HashName, digestBytes: number): HashBlock =>
  hashBlock(setup(hashes[name] | (digestBytes << 8), 0), padded(stateAfter(name), 8), new Uint8Array(0))

/** HMAC: what the device gets of the key are two chaining values. */
export const hmacHash = (name: HashName, key: Uint8Array, digestBytes: number): HashBlock => {
  const [inner, outer] = keyStates(name, key)
  const word = hashes[name] | 0x10 | (digestBytes << 8)
  return hashBlock(setup(word, hashSizes[name].block), padded(inner, 8), padded(outer, 8))
}

/** The hash of GCM: hash key, size of the associated data, room for the encrypted first counter block. */
export const galoisHash = (key: Uint8Array, aadBytes: number, tagBytes: number): HashBlock => {
  const cipher = createCipheriv(`aes-${8 * key.length}-ecb`, key, null)
  const hashKey = cipher.update(new Uint8Array(16))
  const state2 = join(hashKey, words(aadBytes).reverse(), new Uint8Array(20))
  return hashBlock(setup(galois | 0x10 | (tagBytes << 8), 16), new Uint8Array(16), state2)
}
