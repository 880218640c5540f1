/**
 * What a compression request asks for, beyond what all requests have: configuration words, lengths, checksums to go on from, flags.
 * Little endian but for the configuration words. Source: `icp_qat_fw_comp.h` and `icp_qat_hw_20_comp.h` of the kernel,
 * `icp_qat_hw_gen4_comp.h` of DPDK; sections 4.2 and 4.3 of the firmware specification.
 */
import type { Request } from "../Message.ts"

/** Command ids of service type 9 that we serve. */
export const Command = { static: 0, dynamic: 1, decompress: 2 } as const

/** Formats of bits 7 to 5 of the lower configuration word. */
const format = { iLz77: 0, deflate: 1 } as const

/** Service-specific flag: the session has state that lives from request to request. */
const statefulFlag = 1 << 2

/** The last block that a request makes is the final one of its stream. */
const finalFlag = 1 << 6

/**
 * Parameter flags that change what is to come out, none of which we serve: an injected error (bit 18 and its type in 23 to 21), a
 * checksum record in memory (19), xxHash (20), an appended CRC (24), output thrown away (25), a part of the output (27).
 */
const unsupportedFlags = (1 << 18) | (1 << 19) | (1 << 20) | (7 << 21) | (1 << 24) | (1 << 25) | (1 << 27)

export interface Parameters {
  readonly command: number
  /** Bytes to consume, and room for output in bytes. */
  readonly inputBytes: number
  readonly outputBytes: number
  /** Checksums of the data that came before. */
  readonly crc32: number
  readonly adler32: number
  /** Whether a compressed stream ends here; otherwise it ends at a byte, and more may be put behind it. */
  readonly final: boolean
  /** zlib's level. */
  readonly level: number
}

/** zlib's level for a search depth: 1 for level 1 to 5 of a driver, 3 for 6 to 8, 4 for 9 and more. Our choice. */
const levelOf = (depth: number): number => (depth <= 1 ? 1 : depth >= 4 ? 9 : 6)

/** The format fits the command: compression with dynamic codes is told to make input for the translator. */
const formatFits = (command: number, lower: number): boolean => {
  const found = (lower >>> 5) & 7
  return found === format.deflate || (found === format.iLz77 && command !== Command.decompress)
}

/** Reads the parameters of `request`; undefined if it asks for what we do not serve. */
export const decodeParameters = (request: Request): Parameters | undefined => {
  const { command, view } = request
  const lower = view.getUint32(8, false)
  const flags = view.getUint32(72, true)
  if (command > Command.decompress || (request.flags & statefulFlag) !== 0) return undefined
  if (!request.inPlaceDescriptor || !formatFits(command, lower) || (flags & unsupportedFlags) !== 0) return undefined
  return {
    command,
    inputBytes: view.getUint32(56, true),
    outputBytes: view.getUint32(60, true),
    crc32: view.getUint32(64, true),
    adler32: view.getUint32(68, true),
    final: (flags & finalFlag) !== 0,
    level: levelOf((lower >>> 8) & 0xf)
  }
}
