/**
 * Content descriptors of the symmetric service as drivers write them: the blocks of a cipher, of a hash, of an HMAC, and of the Galois hash.
 * Numbers are little endian but where it says otherwise. Source: `icp_qat_hw.h` and `qat_sym_session.c` of DPDK, `qat_algs.c` of the
 * kernel; sections 3.5 to 3.7 of the firmware specification.
 */
import { createCipheriv } from "node:crypto"
import { hashFacts, type HashName, hmacStates, stateAfter } from "./Hashes.ts"

type Mode = "ecb" | "cbc" | "ctr" | "gcm"

/** Layout of a cipher's block: `ucs` is that of the cipher slice of GEN4. */
export type Layout = "legacy" | "ucs"

export interface CipherAsk {
  readonly mode: Mode
  readonly key: Uint8Array
  readonly decrypt?: boolean
  /** As drivers choose it if nothing is said: `ucs` for CTR and GCM. */
  readonly layout?: Layout
}

interface CipherBlock {
  readonly bytes: Uint8Array
  readonly layout: Layout
  /** Key size as the control block has it, in units of 8 bytes. */
  readonly keyQuadwords: number
}

const modeNumbers: Readonly<Record<Mode, number>> = { ecb: 0, cbc: 1, ctr: 2, gcm: 4 }
const keyNumbers: ReadonlyMap<number, number> = new Map([
  [16, 3],
  [24, 4],
  [32, 5]
])

const padded = (bytes: Uint8Array, multiple: number): Uint8Array => {
  const all = new Uint8Array(Math.ceil(bytes.length / multiple) * multiple)
  all.set(bytes)
  return all
}

/** Configuration word: modes that run the cipher backwards have their key converted, and a counter always runs forwards. */
const cipherWord = ({ decrypt = false, key, mode }: CipherAsk): number => {
  const algorithm = keyNumbers.get(key.length) ?? 0
  const converted = mode === "ecb" || mode === "cbc" ? 0x300 : mode === "gcm" ? 0x100 : 0
  return algorithm | (modeNumbers[mode] << 4) | (decrypt ? converted : 0)
}

/** The block of a cipher. For GCM in one pass, tag and associated data have their sizes in it, in bytes. */
export const cipherBlock = (ask: CipherAsk, tagBytes = 0, aadBytes = 0): CipherBlock => {
  const layout = ask.layout ?? (ask.mode === "ctr" || ask.mode === "gcm" ? "ucs" : "legacy")
  const key = layout === "ucs" ? padded(ask.key, 16) : ask.key
  const keyAt = layout === "ucs" ? 16 : 8
  const bytes = new Uint8Array(keyAt + key.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, cipherWord(ask) | (tagBytes << 10), true)
  view.setUint32(4, ((aadBytes & 0xff) << 24) | (((aadBytes >> 8) & 0x3f) << 16), true)
  bytes.set(key, keyAt)
  return { bytes, layout, keyQuadwords: key.length / 8 }
}

export interface HashBlock {
  readonly bytes: Uint8Array
  /** Sizes of the two states, in bytes; the second begins behind the first. */
  readonly state1: number
  readonly state2: number
}

/** Bytes before the first state. */
export const hashSetupBytes = 16

const hashed = (word: number, counter: number, state1: Uint8Array, state2: Uint8Array): HashBlock => {
  const bytes = new Uint8Array(hashSetupBytes + state1.length + state2.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, word, true)
  view.setUint32(8, counter)
  bytes.set(state1, hashSetupBytes)
  bytes.set(state2, hashSetupBytes + state1.length)
  return { bytes, state1: state1.length, state2: state2.length }
}

/** The block of a hash or, with a key, of an HMAC. */
export const hashBlock = (hash: HashName, key: Uint8Array | undefined, digestBytes: number): HashBlock => {
  const { block, number } = hashFacts[hash]
  const word = number | (digestBytes << 8)
  if (key === undefined) return hashed(word, 0, stateAfter(hash, new Uint8Array(0)), new Uint8Array(0))
  return hashed(word | 0x10, block, ...hmacStates(hash, key))
}

/** The block of the Galois hash: hash key, size of the associated data (big endian), and room that the device uses. */
export const galoisBlock = (key: Uint8Array, tagBytes: number, aadBytes: number): HashBlock => {
  const state2 = new Uint8Array(40)
  state2.set(createCipheriv(`aes-${8 * key.length}-ecb`, key, null).update(new Uint8Array(16)))
  new DataView(state2.buffer).setUint32(16, aadBytes)
  return hashed(0x1a | (tagBytes << 8), 16, new Uint8Array(16), state2)
}
