/**
 * Requests and responses of the firmware, as far as all services share them. Little endian; offsets in bytes of the message.
 * Source: `icp_qat_fw.h` of the kernel, of DPDK and of qatlib; sections 2.1, 2.2 and 8.2 of the firmware specification.
 */
import { responseBytes } from "../Outcome.ts"
import type { DmaWrite } from "./Steps.ts"

/** Sizes of a request, and of an asymmetric one, in bytes. */
export const requestBytes = 128
export const asymmetricRequestBytes = 64

/** Service types of a request, byte 2. */
export const Service = { null: 0, publicKey: 3, symmetric: 4, compression: 9 } as const

/** Bit 7 of byte 3 of a request and of every response. */
export const validFlag = 0x80

/** Status bits of a response, byte 6. */
export const Status = {
  cryptoError: 0x80,
  publicKeyError: 0x40,
  compressionError: 0x20,
  translatorError: 0x10,
  /** Information: the final block of a deflate stream was seen. */
  endOfLastBlock: 0x08,
  unsupported: 0x04,
  invalidParameter: 0x02
} as const

/** Error codes of bytes 4 and 5, signed. */
export const ErrorCode = { none: 0, overflow: -11, fatal: -13 } as const

/** The parts of a request that every service reads the same way. */
export interface Request {
  readonly view: DataView
  readonly command: number
  readonly service: number
  readonly valid: boolean
  /** Service-specific flags, bytes 4 and 5. */
  readonly flags: number
  /** Source and destination are buffer lists. */
  readonly scattered: boolean
  /** Bytes 8 to 23 hold data (or configuration words), not the address of a content descriptor. */
  readonly inPlaceDescriptor: boolean
  readonly descriptorAddress: bigint
  /** Upper bound of the content descriptor's size, in bytes. */
  readonly descriptorBytes: number
  readonly source: bigint
  readonly destination: bigint
  /** Lengths in bytes; without meaning where the buffers are lists. */
  readonly sourceBytes: number
  readonly destinationBytes: number
}

/** Reads a request of 128 bytes. Total: any bytes are a request of some kind. */
export const decodeRequest = (bytes: Uint8Array): Request => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, requestBytes)
  const common = view.getUint8(6)
  return {
    view,
    command: view.getUint8(1),
    service: view.getUint8(2),
    valid: (view.getUint8(3) & validFlag) !== 0,
    flags: view.getUint16(4, true),
    scattered: (common & 1) !== 0,
    inPlaceDescriptor: (common & 2) !== 0,
    descriptorAddress: view.getBigUint64(8, true),
    descriptorBytes: 8 * view.getUint8(18),
    source: view.getBigUint64(32, true),
    destination: view.getBigUint64(40, true),
    sourceBytes: view.getUint32(48, true),
    destinationBytes: view.getUint32(52, true)
  }
}

/** What a request came to: the answer, and what is written before it. */
export interface Executed {
  /** Byte 6. */
  readonly status: number
  /** Byte 3 without the valid flag. */
  readonly flags: number
  /** Bytes 5 and 4: signed error codes. */
  readonly error: number
  readonly translatorError: number
  /** Bytes 16 to 31 as four words; all 0 where the service has nothing to say. */
  readonly words: readonly [number, number, number, number]
  /** Guest memory to be written, in order. */
  readonly writes: ReadonlyArray<DmaWrite>
  /** Bytes of data that were read, for the record. */
  readonly input: number
}

const noWords = [0, 0, 0, 0] as const

const noWrites: ReadonlyArray<DmaWrite> = []

/** An answer with this status and no words. `input`: bytes of data that were read for it. */
export const answer = (
  status: number,
  error: number = ErrorCode.none,
  writes: ReadonlyArray<DmaWrite> = noWrites,
  input = 0
): Executed => ({
  status,
  flags: 0,
  error,
  translatorError: ErrorCode.none,
  words: noWords,
  writes,
  input
})

/** Service id of a response, byte 1: "firmware". */
const firmware = 1
/** Where the guest's own number for the request stands, and where it comes back; where a service's own words stand. In bytes. */
const opaqueFrom = 24
const opaqueTo = 8
const opaqueBytes = 8
const wordsAt = 16

/** Writes a fresh response of 32 bytes to `request`. */
export const encodeResponse = (request: Request, executed: Executed): Uint8Array<ArrayBuffer> => {
  const response = new Uint8Array(responseBytes)
  response[1] = firmware
  response[2] = request.service
  response[3] = validFlag | executed.flags
  response[4] = executed.translatorError
  response[5] = executed.error
  response[6] = executed.status
  response[7] = request.command
  for (let at = 0; at < opaqueBytes; at++) response[opaqueTo + at] = request.view.getUint8(opaqueFrom + at)
  if (executed.words === noWords) return response
  const view = new DataView(response.buffer)
  executed.words.forEach((word, index) => view.setUint32(wordsAt + 4 * index, word, true))
  return response
}
