/**
 * The fields of a symmetric request, group by group, in the order in which they lie. Little endian. Source: `icp_qat_fw.h` and `icp_qat_fw_la.h`
 * of DPDK and of the kernel; sections 2.1 and 3.1 to 3.4 of the firmware specification.
 */
import type { Place } from "../dc/Requests.ts"
import type { Ask, Digest, Driver, Region } from "./Ask.ts"
import { type HashBlock, hashSetupBytes, type Layout } from "./Descriptors.ts"

/** A request of 128 bytes, and the content descriptor that it points to. */
export interface Built {
  readonly request: Uint8Array<ArrayBuffer>
  readonly descriptor: Uint8Array
  /** Over the request. */
  readonly view: DataView
}

export const command = { cipher: 0, hash: 1, cipherHash: 2, hashCipher: 3 } as const

/** Service-specific flags. */
export const flag = {
  none: 0,
  vectorInRequest: 0x0004,
  constants: 0x0008,
  generate: 0x0020,
  verify: 0x0040,
  gcm: 0x0100,
  digestBehind: 0x0400,
  shortVector: 0x0800,
  singlePass: 0x2000,
  ucs: 0x4000
} as const

const valid = 0x80
const symmetricService = 4
const listed = 1

export const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

export const regionOf = (region: Region | undefined, source: Place): Region =>
  region ?? { offset: 0, length: source.length }

/** Sets service-specific flags besides those that are set. */
const raise = ({ view }: Built, flags: number): void => view.setUint16(4, view.getUint16(4, true) | flags, true)

/**
 * A request as far as all commands share it. A driver that says the size of its descriptor as a whole reserves so many units of 8 bytes.
 */
export const frame = (
  ask: Ask,
  id: number,
  flags: number,
  layout: Layout,
  descriptor: Uint8Array,
  quadwords: number | undefined
): Built => {
  const { destination = ask.source, scattered = ask.driver === "kernel", source } = ask
  const view = new DataView(new ArrayBuffer(128))
  const size = quadwords ?? Math.ceil(descriptor.length / 8)
  const reserved = new Uint8Array(8 * size)
  reserved.set(descriptor)
  view.setUint8(1, id)
  view.setUint8(2, symmetricService)
  view.setUint8(3, valid)
  view.setUint16(4, flags | flag.vectorInRequest | (layout === "ucs" ? flag.ucs : 0), true)
  view.setUint8(6, scattered ? listed : 0)
  view.setBigUint64(8, ask.descriptorAt, true)
  view.setUint8(18, size)
  view.setBigUint64(24, ask.opaque, true)
  view.setBigUint64(32, source.address, true)
  view.setBigUint64(40, destination.address, true)
  if (ask.driver !== "kernel") {
    view.setUint32(48, source.length, true)
    view.setUint32(52, destination.length, true)
  }
  return { request: new Uint8Array(view.buffer), descriptor: reserved, view }
}

/** Cipher region and vector, bytes 56 to 79. */
export const vector = (built: Built, { length, offset }: Region, iv: Uint8Array, ivAt?: bigint): void => {
  built.view.setUint32(56, offset, true)
  built.view.setUint32(60, length, true)
  if (ivAt === undefined) {
    built.request.set(iv, 64)
    return
  }
  built.view.setUint16(4, built.view.getUint16(4, true) & ~flag.vectorInRequest, true)
  built.view.setBigUint64(64, ivAt, true)
}

/** Auth region and digest, bytes 80 to 107. */
export const auth = (built: Built, { length, offset }: Region, digest: Digest, driver: Driver = "dpdk"): void => {
  const { at, size, verify = false } = digest
  built.view.setUint32(80, offset, true)
  built.view.setUint32(84, length, true)
  if (at === "behind") raise(built, flag.digestBehind)
  else built.view.setBigUint64(96, at, true)
  raise(built, verify ? flag.verify : flag.generate)
  // The kernel leaves the size to the control block where the digest is not compared.
  built.view.setUint8(107, driver === "kernel" && !verify ? 0 : size)
}

/** Control block of the cipher, bytes 108 to 111. `at` counts in bytes from the start of the descriptor. */
export const cipherControl = (built: Built, keyQuadwords: number, at: number, slices: number): void =>
  built.request.set([2, keyQuadwords, at / 8, slices], 108)

/** Control block of the hash, bytes 113 to 123. `at` counts in bytes from the start of the descriptor. */
export const hashControl = (built: Built, block: HashBlock, at: number, digestBytes: number, slices: number): void => {
  built.view.setUint8(114, at / 8)
  built.view.setUint8(115, slices)
  built.view.setUint8(118, digestBytes)
  built.view.setUint8(119, digestBytes)
  built.view.setUint8(121, block.state1)
  built.view.setUint8(122, (at + hashSetupBytes + block.state1) / 8)
  built.view.setUint8(123, block.state2)
}
