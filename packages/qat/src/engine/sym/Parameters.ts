/**
 * What a request of the symmetric service says about itself: flags, regions, initialisation vector, digest, and where in the content
 * descriptor the configurations lie. Little endian; offsets in bytes of the request, lengths in bytes.
 * Source: `icp_qat_fw_la.h` of DPDK and of the kernel; sections 3.1 to 3.4 of the firmware specification.
 */
import type { Request } from "../Message.ts"

/** Command ids of the service, byte 1. */
export const Command = { cipher: 0, hash: 1, cipherHash: 2, hashCipher: 3 } as const

/** Bits 9:7 of the flags: how the two slices of a chain work together. */
export const Protocol = { none: 0, ccm: 1, gcm: 2, snow3g: 4 } as const

/** Bits 15:14 of the flags: which of the device's ciphers does the work, and so which layout its configuration has. */
export const Slice = { legacy: 0, ucs: 1, wireless: 2 } as const

/** A piece of source and destination, counted from the start of either. */
export interface Region {
  readonly offset: number
  readonly length: number
}

export interface Parameters {
  readonly command: number
  /** The request is one piece of a longer message, or wants its state kept. */
  readonly partial: boolean
  /** The vector is in the request; otherwise the request holds its address. */
  readonly vectorInRequest: boolean
  /** Configurations come from the device's table of constants. */
  readonly constants: boolean
  readonly generate: boolean
  readonly verify: boolean
  readonly protocol: number
  readonly digestInBuffer: boolean
  /** The vector has 12 bytes and the counter of a GCM starts at 1; otherwise all 16 bytes are the first counter block. */
  readonly shortVector: boolean
  readonly zuc: boolean
  readonly singlePass: boolean
  readonly slice: number
  /** Extended service flags, byte 7: only wireless algorithms have any. */
  readonly extended: number
  readonly cipher: Region
  readonly auth: Region
  /** Bytes 64 to 79: the vector or, in the first eight, its address. */
  readonly vector: Uint8Array
  /** Size of the digest according to the parameters, byte 107, and according to the control block, byte 118. */
  readonly resultBytes: number
  readonly finalBytes: number
  /** Offsets into the content descriptor; indexes of the table of constants where that is in use. */
  readonly cipherAt: number
  readonly cipherConstant: number
  readonly hashAt: number
  readonly hashConstant: number
  /** Nested hashes and the modes of wireless ciphers, byte 113. */
  readonly hashFlags: number
  /** Where in the content descriptor the second state of the hash lies. */
  readonly state2At: number
}

const quadword = 8

/** Reads the service's part of a request. Total. */
export const decodeParameters = ({ command, flags, view }: Request): Parameters => ({
  command,
  partial: (flags & 0x0003) !== 0 || (flags & 0x0010) !== 0,
  vectorInRequest: (flags & 0x0004) !== 0,
  constants: (flags & 0x0008) !== 0,
  generate: (flags & 0x0020) !== 0,
  verify: (flags & 0x0040) !== 0,
  protocol: (flags >> 7) & 7,
  digestInBuffer: (flags & 0x0400) !== 0,
  shortVector: (flags & 0x0800) !== 0,
  zuc: (flags & 0x1000) !== 0,
  singlePass: (flags & 0x2000) !== 0,
  slice: flags >> 14,
  extended: view.getUint8(7),
  cipher: { offset: view.getUint32(56, true), length: view.getUint32(60, true) },
  auth: { offset: view.getUint32(80, true), length: view.getUint32(84, true) },
  vector: new Uint8Array(view.buffer, view.byteOffset + 64, 16),
  resultBytes: view.getUint8(107),
  finalBytes: view.getUint8(118),
  cipherAt: quadword * view.getUint8(110),
  cipherConstant: view.getUint8(110),
  hashAt: quadword * view.getUint8(114),
  hashConstant: view.getUint8(114),
  hashFlags: view.getUint8(113),
  state2At: quadword * view.getUint8(122)
})

/** Where the vector lies, if it is not in the request; the additional authenticated data; the digest. Few requests have a use for these. */
export const vectorAddress = ({ view }: Request): bigint => view.getBigUint64(64, true)
export const aadAddress = ({ view }: Request): bigint => view.getBigUint64(88, true)
export const digestAddress = ({ view }: Request): bigint => view.getBigUint64(96, true)
