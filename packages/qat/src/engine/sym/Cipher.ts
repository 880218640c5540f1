/**
 * The device's cipher: what a configuration says, and the work. Configuration word, little endian: bits 3:0 algorithm, 7:4 mode,
 * 8 direction, 9 key conversion. Source: `icp_qat_hw.h` of the kernel and of DPDK; section 3.5 of the firmware specification.
 */
import { createCipheriv, createDecipheriv } from "node:crypto"
import type { Refusal } from "./Refusal.ts"

const modes = { 0: "ecb", 1: "cbc", 2: "ctr", 4: "aead" } as const

/** Key sizes in bits. */
const keyBits = { 3: 128, 4: 192, 5: 256 } as const

export interface CipherConfig {
  /** Null leaves the data as it is. */
  readonly algorithm: "aes-128" | "aes-192" | "aes-256" | "null"
  readonly mode: "ecb" | "cbc" | "ctr" | "aead"
  readonly decrypt: boolean
  readonly key: Uint8Array
}

/** Bytes of a block, and of a vector. */
export const blockBytes = 16

const known = <K extends number, V>(table: Readonly<Record<K, V>>, key: number): V | undefined => {
  const entries: Readonly<Record<number, V>> = table
  return entries[key]
}

const noKey = new Uint8Array(0)

/** What a configuration word and the bytes from `from` on, where the key is, mean. */
export const cipherConfig = (word: number, bytes: Uint8Array, from = 0): CipherConfig | Refusal => {
  const algorithm = word & 0x0f
  const mode = known(modes, (word >> 4) & 0x0f)
  const decrypt = (word & 0x100) !== 0
  if (algorithm === 0) return { algorithm: "null", mode: "ecb", decrypt, key: noKey }
  const bits = known(keyBits, algorithm)
  if (bits === undefined || mode === undefined) return "unsupported"
  // Without conversion the descriptor holds the end of the key schedule instead of the key. No driver sends that in these modes.
  if (decrypt && (mode === "ecb" || mode === "cbc") && (word & 0x200) === 0) return "unsupported"
  const end = from + bits / 8
  if (bytes.length < end) return "invalid"
  return { algorithm: `aes-${bits}`, mode, decrypt, key: bytes.subarray(from, end) }
}

/** Where the key begins behind the configuration word, in bytes: in the legacy layout, and in that of the GEN4 slice. */
const keyAt = { legacy: 8, ucs: 16 } as const

/** The cipher configuration at `at` bytes of a content descriptor. */
export const cipherOf = (descriptor: Uint8Array, at: number, layout: keyof typeof keyAt): CipherConfig | Refusal => {
  const key = at + keyAt[layout]
  if (key > descriptor.length) return "invalid"
  const word = new DataView(descriptor.buffer, descriptor.byteOffset + at, 4).getUint32(0, true)
  return cipherConfig(word, descriptor, key)
}

/** Whether the device takes `length` bytes in this mode: there is no padding. */
export const takes = ({ algorithm, mode }: CipherConfig, length: number): boolean =>
  algorithm === "null" || mode === "ctr" || mode === "aead" || length % blockBytes === 0

/** Bytes of vector that the work depends on, in a mode that is not an AEAD. Where there are none, a request may point anywhere. */
export const vectorBytes = ({ algorithm, mode }: CipherConfig): number =>
  algorithm === "null" || mode === "ecb" ? 0 : blockBytes

/** Enciphers or deciphers `data` in a mode that is not an AEAD. `vector` has 16 bytes: of a counter, all 128 bits count. */
export const transform = (config: CipherConfig, vector: Uint8Array, data: Uint8Array): Uint8Array => {
  const { algorithm, decrypt, key, mode } = config
  if (algorithm === "null") return new Uint8Array(data)
  const create = decrypt ? createDecipheriv : createCipheriv
  const cipher = create(`${algorithm}-${mode}`, key, mode === "ecb" ? null : vector)
  cipher.setAutoPadding(false)
  // Without padding, the last block comes out at once: `final` would have nothing left to give.
  return cipher.update(data)
}
