/** Compression to raw deflate, with the checksums of the data. Source: RFC 1951; section 4.4 of the firmware specification. */
import { constants, crc32, deflateRawSync, deflateSync } from "node:zlib"
import { adler32, continueAdler32 } from "./Adler32.ts"
import { Command, type Parameters } from "./Parameters.ts"

interface Deflated {
  readonly bytes: Uint8Array
  /** Checksums of the data, continued from those of the request. */
  readonly crc32: number
  readonly adler32: number
}

/** Bytes of a zlib stream before and behind its raw deflate: the header, and the Adler-32 of the data, big endian. */
const headerBytes = 2
const trailerBytes = 4

/** Room in which the output of `length` bytes fits at once: data that does not compress is stored, in blocks. */
const roomFor = (length: number): number => length + (length >>> 6) + 128

/**
 * Compresses all of `data`. A final piece is a whole stream. Any other ends with an empty stored block at a byte boundary and has no
 * history in common with the next, so that pieces may be joined. The same data and parameters give the same bytes.
 */
export const deflate = (data: Uint8Array, parameters: Parameters): Deflated => {
  const options = {
    level: parameters.level,
    strategy: parameters.command === Command.static ? constants.Z_FIXED : constants.Z_DEFAULT_STRATEGY,
    chunkSize: roomFor(data.length)
  }
  const crc = crc32(data, parameters.crc32)
  if (!parameters.final) {
    const bytes = deflateRawSync(data, { ...options, finishFlush: constants.Z_FULL_FLUSH })
    return { bytes, crc32: crc, adler32: adler32(data, parameters.adler32) }
  }
  // The wrapped stream has the same deflate inside, and its Adler-32 comes almost for free.
  const wrapped = deflateSync(data, options)
  const end = wrapped.length - trailerBytes
  const own = wrapped.readUInt32BE(end)
  return {
    bytes: wrapped.subarray(headerBytes, end),
    crc32: crc,
    adler32: continueAdler32(parameters.adler32, own, data.length)
  }
}
