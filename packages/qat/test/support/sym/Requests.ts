/**
 * Requests of the symmetric service as drivers write them into a ring, each with the content descriptor that it points to. Source:
 * `qat_sym_session.c`, `qat_crypto_pmd_gens.h` and `qat_crypto_pmd_gen4.c` of DPDK, `qat_algs.c` of the kernel; sections 2.1 and 3 of
 * the firmware specification.
 */
import type { Place } from "../dc/Requests.ts"
import type { Ask, Digest, Region } from "./Ask.ts"
import { type CipherAsk, cipherBlock, galoisBlock, hashBlock } from "./Descriptors.ts"
import {
  auth,
  type Built,
  cipherControl,
  command,
  flag,
  frame,
  hashControl,
  joined,
  regionOf,
  vector
} from "./Fields.ts"
import type { HashName } from "./Hashes.ts"

export type { Ask, Digest, Driver, Region } from "./Ask.ts"
export type { Built } from "./Fields.ts"

export interface CipherOptions extends Ask, CipherAsk {
  readonly mode: "ecb" | "cbc" | "ctr"
  /** 16 bytes. */
  readonly iv: Uint8Array
  /** The request holds the address of the vector, not the vector. */
  readonly ivAt?: bigint
  /** All of the source if nothing is said. */
  readonly cipher?: Region
}

/** A cipher alone. */
export const cipherRequest = (ask: CipherOptions): Built => {
  const block = cipherBlock(ask)
  const built = frame(
    ask,
    command.cipher,
    flag.none,
    block.layout,
    block.bytes,
    ask.driver === "kernel" ? 16 : undefined
  )
  vector(built, regionOf(ask.cipher, ask.source), ask.iv, ask.ivAt)
  cipherControl(built, block.keyQuadwords, 0, 0x41)
  return built
}

export interface HashOptions extends Ask {
  readonly hash: HashName
  /** Key of an HMAC. */
  readonly macKey?: Uint8Array
  readonly digest: Digest
  /** All of the source if nothing is said. */
  readonly auth?: Region
}

/** A hash or an HMAC alone. */
export const hashRequest = (ask: HashOptions): Built => {
  const block = hashBlock(ask.hash, ask.macKey, ask.digest.size)
  const built = frame(ask, command.hash, flag.none, "legacy", block.bytes, undefined)
  auth(built, regionOf(ask.auth, ask.source), ask.digest, ask.driver)
  hashControl(built, block, 0, ask.digest.size, 0x42)
  return built
}

interface ChainOptions extends CipherOptions, HashOptions {
  /** What is done first. Encrypt then authenticate is `cipher` with generate, and `hash` with verify. */
  readonly first: "cipher" | "hash"
}

/** A cipher and a hash. */
export const chainRequest = (ask: ChainOptions): Built => {
  const kernel = ask.driver === "kernel"
  const block = cipherBlock(ask)
  const hash = hashBlock(ask.hash, ask.macKey, ask.digest.size)
  const cipherFirst = ask.first === "cipher"
  // The kernel places the hash as if the configuration of a cipher had 16 bytes.
  const gap = new Uint8Array(kernel && cipherFirst ? 8 : 0)
  const parts = cipherFirst ? [block.bytes, gap, hash.bytes] : [hash.bytes, block.bytes]
  const hashAt = cipherFirst ? block.bytes.length + gap.length : 0
  const cipherAt = cipherFirst ? 0 : hash.bytes.length
  const built = frame(
    ask,
    cipherFirst ? command.cipherHash : command.hashCipher,
    flag.none,
    block.layout,
    joined(parts),
    kernel ? 40 : undefined
  )
  vector(built, regionOf(ask.cipher, ask.source), ask.iv, ask.ivAt)
  auth(built, regionOf(ask.auth, ask.source), ask.digest, ask.driver)
  cipherControl(built, block.keyQuadwords, cipherAt, cipherFirst ? 0x21 : 0x41)
  hashControl(built, hash, hashAt, ask.digest.size, cipherFirst ? 0x42 : 0x12)
  return built
}

interface GcmOptions extends Ask {
  readonly key: Uint8Array
  /** 12 bytes; for two slices also the 16 of a first counter block. */
  readonly iv: Uint8Array
  readonly aad: Place
  /** `behind` is behind the ciphered bytes. */
  readonly digest: Digest
  readonly decrypt?: boolean
  readonly cipher?: Region
}

/** AES-GCM in a single pass. */
export const gcmRequest = (ask: GcmOptions): Built => {
  const { aad, digest } = ask
  const block = cipherBlock({ mode: "gcm", key: ask.key, decrypt: ask.decrypt ?? false }, digest.size, aad.length)
  const flags = flag.singlePass | flag.shortVector
  const built = frame(ask, command.cipher, flags, "ucs", block.bytes, undefined)
  vector(built, regionOf(ask.cipher, ask.source), ask.iv)
  auth(built, { offset: 0, length: aad.length }, digest, "dpdk")
  built.view.setBigUint64(88, aad.address, true)
  cipherControl(built, block.keyQuadwords, 0, 0x41)
  return built
}

interface GcmSlicesOptions extends GcmOptions {
  /** Says that the vector has 12 bytes although it may have 16: DPDK always does. */
  readonly shortVector?: boolean
}

/** AES-GCM as a counter mode and a Galois hash. */
export const gcmSlicesRequest = (ask: GcmSlicesOptions): Built => {
  const { aad, decrypt = false, digest, shortVector = true } = ask
  const block = cipherBlock({ mode: "ctr", key: ask.key })
  const hash = galoisBlock(ask.key, digest.size, aad.length)
  const [hashAt, cipherAt] = decrypt ? [0, hash.bytes.length] : [block.bytes.length, 0]
  const descriptor = joined(decrypt ? [hash.bytes, block.bytes] : [block.bytes, hash.bytes])
  const flags = flag.gcm | (shortVector ? flag.shortVector : 0)
  const built = frame(ask, decrypt ? command.hashCipher : command.cipherHash, flags, "ucs", descriptor, undefined)
  const region = regionOf(ask.cipher, ask.source)
  vector(built, region, ask.iv)
  auth(built, region, digest, "dpdk")
  const rounded = Math.ceil(aad.length / 16) * 16
  built.view.setBigUint64(88, aad.address, true)
  built.view.setUint8(104, rounded)
  built.view.setUint8(106, rounded / 8)
  cipherControl(built, block.keyQuadwords, cipherAt, decrypt ? 0x41 : 0x21)
  hashControl(built, hash, hashAt, digest.size, decrypt ? 0x12 : 0x42)
  return built
}
