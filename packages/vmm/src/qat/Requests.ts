/**
 * Requests as drivers write them into a ring, 128 bytes, and what a response says, 32 bytes. Little endian. Sources: DPDK `qat_sym_session.c`, `qat_sym.h`,
 * `qat_comp_pmd_gen4.c`; sections 2 to 4 and 9 of the firmware specification.
 */

export const requestBytes = 128
export const responseBytes = 32

/** Buffers of a request: addresses of the guest, lengths in bytes. Source and destination may be the same. */
export interface Buffers {
  /** Comes back with the response. */
  readonly opaque: bigint
  readonly source: bigint
  readonly destination: bigint
  readonly length: number
}

const valid = 0x80
const services = { symmetric: 4, compression: 9 } as const

const begin = (service: number, command: number, buffers: Buffers, room = buffers.length): DataView => {
  const view = new DataView(new ArrayBuffer(requestBytes))
  view.setUint8(1, command)
  view.setUint8(2, service)
  view.setUint8(3, valid)
  view.setBigUint64(24, buffers.opaque, true)
  view.setBigUint64(32, buffers.source, true)
  view.setBigUint64(40, buffers.destination, true)
  view.setUint32(48, buffers.length, true)
  view.setUint32(52, room, true)
  return view
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer)

/** What a cipher request refers to, in guest memory: the content descriptor, in whole 8 bytes. */
export interface Descriptor {
  readonly address: bigint
  readonly bytes: number
}

interface Cipher {
  readonly flags: number
  /** State and key of the control block, in units of 8 bytes. */
  readonly state: number
  readonly key: number
}

const unit = 8
/** Slices: this one is the cipher, what follows is memory. */
const cipherToMemory = 0x41

const cipherRequest = (buffers: Buffers, descriptor: Descriptor, cipher: Cipher, iv: Uint8Array): DataView => {
  const view = begin(services.symmetric, 0, buffers)
  view.setUint16(4, cipher.flags, true)
  view.setBigUint64(8, descriptor.address, true)
  view.setUint8(18, descriptor.bytes / unit)
  view.setUint32(60, buffers.length, true)
  bytesOf(view).set(iv, 64)
  view.setUint8(108, cipher.state)
  view.setUint8(109, cipher.key)
  view.setUint8(111, cipherToMemory)
  return view
}

const ivInMessage = 0x4
const singlePassEncryption = 0x6824

const words = (...values: ReadonlyArray<number>): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

const joined = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const into = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    into.set(part, at)
    at += part.length
  }
  return into
}

/** The content descriptor of AES-128-CBC encryption; the key has 16 bytes. */
export const cbcDescriptor = (key: Uint8Array): Uint8Array => joined(words(0x13, 0), key)

/** Encrypts whole blocks of 16 bytes; the vector has 16 bytes. */
export const cbcRequest = (buffers: Buffers, descriptor: Descriptor, iv: Uint8Array): Uint8Array =>
  bytesOf(cipherRequest(buffers, descriptor, { flags: ivInMessage, state: 2, key: 2 }, iv))

/** The content descriptor of AES-128-GCM encryption in one pass with a tag of 16 bytes and no associated data; the key has 16 bytes. */
export const gcmDescriptor = (key: Uint8Array): Uint8Array => joined(words(0x4043, 0, 0, 0), key)

export const tagBytes = 16

/** Encrypts any number of bytes and writes the tag, 16 bytes, to `tag`; the vector has 12 bytes. */
export const gcmRequest = (buffers: Buffers, descriptor: Descriptor, iv: Uint8Array, tag: bigint): Uint8Array => {
  const view = cipherRequest(buffers, descriptor, { flags: singlePassEncryption, state: 2, key: 2 }, iv)
  view.setBigUint64(96, tag, true)
  view.setUint8(107, tagBytes)
  return bytesOf(view)
}

/** The content descriptor of no cipher: data comes out as it went in. */
export const copyDescriptor = words(0, 0)

/** Copies bytes through the cipher slice. */
export const copyRequest = (buffers: Buffers, descriptor: Descriptor): Uint8Array =>
  bytesOf(cipherRequest(buffers, descriptor, { flags: ivInMessage, state: 0, key: 0 }, new Uint8Array(0)))

/** Configuration in place of a descriptor; words of DPDK for level 6 with static codes, in big endian. */
const configurationInPlace = 2
const staticWords = [0x3327, 0x8002_0503] as const
/** First and last piece, final block, compress and verify with recovery. */
const wholeStream = 0x0003_0043
const compressToMemory = 0x45
const firstAdler32 = 1

/** Compresses to raw deflate with static codes; the destination has room for `room` bytes. */
export const deflateRequest = (buffers: Buffers, room: number): Uint8Array => {
  const view = begin(services.compression, 0, buffers, room)
  view.setUint8(6, configurationInPlace)
  view.setUint32(8, staticWords[0], false)
  view.setUint32(12, staticWords[1], false)
  view.setUint32(56, buffers.length, true)
  view.setUint32(60, room, true)
  view.setUint32(68, firstAdler32, true)
  view.setUint32(72, wholeStream, true)
  view.setUint8(99, compressToMemory)
  return bytesOf(view)
}

/** What a response says. */
export interface Response {
  /** 0: done. */
  readonly status: number
  readonly opaque: bigint
  /** Of compression: bytes of the source that were used, and bytes of the destination that were written. */
  readonly consumed: number
  readonly produced: number
}

/** Reads the 32 bytes of a response. */
export const readResponse = (bytes: Uint8Array): Response => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    status: view.getUint8(6),
    opaque: view.getBigUint64(8, true),
    consumed: view.getUint32(16, true),
    produced: view.getUint32(20, true)
  }
}
