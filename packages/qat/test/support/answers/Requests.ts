/**
 * The 128 bytes of symmetric requests as drivers write them into a ring, from addresses and lengths. Source: `icp_qat_fw_la.h` and
 * `qat_crypto_pmd_gen4.c` of DPDK, `qat_algs.c` of the kernel; sections 2.1 and 3.1 to 3.4 of the firmware specification.
 */
import type { Place } from "../dc/Requests.ts"
import type { CipherBlock, HashBlock } from "./Descriptors.ts"

/** Service-specific flags. */
export const Flag = {
  vectorInMessage: 0x0004,
  constants: 0x0008,
  generate: 0x0020,
  verify: 0x0040,
  galois: 0x0100,
  digestInBuffer: 0x0400,
  shortVector: 0x0800,
  singlePass: 0x2000,
  ucs: 0x4000
} as const

export interface Region {
  readonly offset: number
  readonly length: number
}

/** Everything that a request can say; what is left out is 0. */
export interface Fields {
  readonly command: number
  readonly flags: number
  readonly scattered: boolean
  readonly source: Place
  readonly destination: Place
  readonly opaque: bigint
  /** A descriptor in memory, or 16 bytes that take its place. */
  readonly descriptor?: Place
  readonly inPlaceDescriptor?: Uint8Array
  readonly cipher?: Region
  /** At most 16 bytes, or the address of the vector. */
  readonly vector?: Uint8Array | bigint
  readonly auth?: Region
  readonly aadAddress?: bigint
  readonly aadBytes?: number
  readonly digestAddress?: bigint
  readonly resultBytes?: number
  /** Bytes 108 to 127. */
  readonly control?: Uint8Array
}

const symmetricService = 4
const valid = 0x80

export const build = (fields: Fields): Uint8Array<ArrayBuffer> => {
  const { aadBytes = 0, auth, cipher, descriptor, destination, inPlaceDescriptor, source, vector } = fields
  const bytes = new Uint8Array(128)
  const view = new DataView(bytes.buffer)
  bytes.set([0, fields.command, symmetricService, valid])
  view.setUint16(4, fields.flags, true)
  view.setUint8(6, (fields.scattered ? 1 : 0) | (inPlaceDescriptor === undefined ? 0 : 2))
  if (descriptor !== undefined) {
    view.setBigUint64(8, descriptor.address, true)
    view.setUint8(18, Math.ceil(descriptor.length / 8))
  }
  if (inPlaceDescriptor !== undefined) bytes.set(inPlaceDescriptor, 8)
  view.setBigUint64(24, fields.opaque, true)
  view.setBigUint64(32, source.address, true)
  view.setBigUint64(40, destination.address, true)
  view.setUint32(48, source.length, true)
  view.setUint32(52, destination.length, true)
  view.setUint32(56, cipher?.offset ?? 0, true)
  view.setUint32(60, cipher?.length ?? 0, true)
  if (typeof vector === "bigint") view.setBigUint64(64, vector, true)
  else if (vector !== undefined) bytes.set(vector, 64)
  view.setUint32(80, auth?.offset ?? 0, true)
  view.setUint32(84, auth?.length ?? 0, true)
  view.setBigUint64(88, fields.aadAddress ?? 0n, true)
  view.setBigUint64(96, fields.digestAddress ?? 0n, true)
  view.setUint8(104, aadBytes)
  view.setUint8(106, aadBytes / 8)
  view.setUint8(107, fields.resultBytes ?? 0)
  bytes.set(fields.control ?? new Uint8Array(20), 108)
  return bytes
}

/** Slices: the current one of cipher and hash, and the next one, by command. */
const cipherSlices = [0x41, 0, 0x21, 0x41]
const hashSlices = [0, 0x42, 0x42, 0x12]

/** Bytes 108 to 127 for blocks at `at` bytes of the descriptor. */
export const control = (
  command: number,
  cipher: { readonly block: CipherBlock; readonly at: number } | undefined,
  hash: { readonly block: HashBlock; readonly at: number; readonly digestBytes: number } | undefined
): Uint8Array => {
  const bytes = new Uint8Array(20)
  if (cipher !== undefined) bytes.set([2, cipher.block.keyBytes / 8, cipher.at / 8, cipherSlices[command] ?? 0])
  if (hash !== undefined) {
    const { at, block, digestBytes } = hash
    bytes.set([at / 8, hashSlices[command] ?? 0], 6)
    bytes.set([digestBytes, digestBytes], 10)
    bytes.set([block.state1Bytes, (at + block.state2At) / 8, block.state2Bytes], 13)
  }
  return bytes
}
