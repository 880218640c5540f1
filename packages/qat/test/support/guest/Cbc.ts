/** AES-128-CBC encryptions as requests, the way DPDK builds them, with the data that they must give. Source: section 9.1 of the firmware specification. */
import { createCipheriv } from "node:crypto"
import type { Memory } from "./GuestMemory.ts"

export const key = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex")
export const iv = Buffer.from("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "hex")
/** Encrypt with AES-128 in CBC mode; then the key. */
const descriptor = Buffer.concat([Buffer.from("1300000000000000", "hex"), key])

/** A request, where its data lies, and what must be there after it. */
export interface Job {
  readonly request: Uint8Array
  readonly destination: bigint
  readonly expected: Uint8Array
}

/** The request to encrypt `length` bytes at `source`; its descriptor is put at `descriptorAt`. */
export const encryptionAt = (
  memory: Memory,
  opaque: bigint,
  source: bigint,
  destination: bigint,
  length: number,
  descriptorAt: bigint
): Uint8Array => {
  memory.write(descriptorAt, descriptor)
  const request = new Uint8Array(128)
  const view = new DataView(request.buffer)
  request.set([0, 0, 4, 0x80, 4])
  view.setBigUint64(8, descriptorAt, true)
  view.setUint8(18, 3)
  view.setBigUint64(24, opaque, true)
  view.setBigUint64(32, source, true)
  view.setBigUint64(40, destination, true)
  view.setUint32(48, length, true)
  view.setUint32(52, length, true)
  view.setUint32(60, length, true)
  request.set(iv, 64)
  request.set([2, 2, 0, 0x41], 108)
  return request
}

/** Encrypts `data` (a multiple of 16 bytes), in place unless a destination is given. */
export const encryption = (memory: Memory, opaque: bigint, data: Uint8Array, destination?: bigint): Job => {
  const source = memory.take(data.length)
  memory.write(source, data)
  const to = destination ?? source
  const request = encryptionAt(memory, opaque, source, to, data.length, memory.take(descriptor.length))
  const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false)
  return { request, destination: to, expected: cipher.update(data) }
}
