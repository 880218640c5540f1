/**
 * Words for the numbers in a migration block: capability bits, services, ring sizes, mailbox messages, ring pairs. For
 * people; nothing is decided by them. Source: `qat_common/icp_qat_hw.h`, `adf_cfg_common.h`, `adf_cfg_services.h`,
 * `adf_transport_access_macros.h`, `adf_pfvf_msg.h`; sections 2.1, 5 and 6 of the register specification.
 */
import { toPf, toVf } from "../pfvf/Message.ts"
import { banksPerVf, ringsPerBank } from "../Registers.ts"

/** Bits of the accelerator capability mask by their number. */
const capabilities: ReadonlyMap<number, string> = new Map([
  [0, "symmetric"],
  [1, "asymmetric"],
  [2, "cipher"],
  [3, "authentication"],
  [5, "compression"],
  [6, "LZS compression"],
  [7, "random numbers"],
  [8, "ZUC"],
  [9, "SHA-3"],
  [12, "HKDF"],
  [13, "Edwards and Montgomery curves"],
  [14, "extended algorithm chaining"],
  [15, "SHA-3 extended"],
  [16, "AES-GCM single pass"],
  [17, "ChaCha20-Poly1305"],
  [18, "SM2"],
  [19, "SM3"],
  [20, "SM4"],
  [22, "compress-and-verify integrity"],
  [23, "compress-and-verify 64-bit integrity"],
  [24, "LZ4"],
  [25, "LZ4s"],
  [26, "AES v2"]
])

/** Numbers of the bits that are set, lowest first; at most `limit` bits are looked at. */
export const bitsOf = (mask: bigint, limit = 64): ReadonlyArray<number> => {
  const bits: Array<number> = []
  for (let bit = 0; bit < limit; bit++) if (((mask >> BigInt(bit)) & 1n) === 1n) bits.push(bit)
  return bits
}

/** What a bit of the capability mask stands for. */
export const capability = (bit: number): string => capabilities.get(bit) ?? "not named"

/** What the codes of the ring-to-service map stand for. */
const services = ["unused", "symmetric and asymmetric", "compression", "symmetric", "asymmetric", "used"] as const
/** Bits of one bank in the ring-to-service map. */
const serviceBits = 3

/** The service of each bank in a ring-to-service map, bank 0 first. */
export const servicesOf = (map: number): ReadonlyArray<string> =>
  Array.from({ length: banksPerVf }, (_, bank) => {
    const code = (map >>> (serviceBits * bank)) & 0x7
    return services[code] ?? `code ${code}`
  })

const slaServices = ["asymmetric", "symmetric", "compression", "decompression"] as const

/** The service of an SLA record. Its codes are others than those of the ring-to-service map. */
export const slaService = (code: number): string => slaServices[code] ?? "not named"

/** `1 KiB`, `64 bytes`: sizes of rings, exact, or in bytes. */
const byteSize = (bytes: number): string => {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)} MiB`
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`
}

/** Smallest and largest size code of a ring. */
const sizeCodes = { least: 0x01, most: 0x10 } as const

const watermark = (code: number): string => {
  if (code === 0) return "off"
  return code === 8 ? "512 bytes" : `code ${code}`
}

/** A RING_CONFIG word: size code with the bytes it means, both watermarks, bits that no driver sets. */
export const ringConfig = (config: number): string => {
  if (config === 0) return "not configured"
  const code = config & 0x1f
  const size = code >= sizeCodes.least && code <= sizeCodes.most ? byteSize(2 ** (code + 6)) : "not a ring size"
  const rest = config >>> 15
  const unknown = rest === 0 ? "" : `, unknown bits 0x${(rest * 2 ** 15).toString(16)}`
  const nearly = `nearly empty ${watermark((config >>> 5) & 0x1f)}, nearly full ${watermark((config >>> 10) & 0x1f)}`
  return `size code ${code}: ${size}, ${nearly}${unknown}`
}

const listed = (what: string, numbers: ReadonlyArray<number>): string =>
  numbers.length === 0 ? `no ${what}` : `${what}${numbers.length === 1 ? "" : "s"} ${numbers.join(", ")}`

/** `ring 1`, `rings 0, 1`, `no ring`: registers with one bit a ring. */
export const ringBits = (value: number): string => listed("ring", bitsOf(BigInt(value), ringsPerBank))
/** `bank 2`: registers with one bit a bank. */
export const bankBits = (value: number): string => listed("bank", bitsOf(BigInt(value), banksPerVf))
/** `ring pairs 4, 5`: numbers of the whole device. */
export const ringPairs = (mask: bigint): string => listed("ring pair", bitsOf(mask))

const byType = (types: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(types).map(([name, type]) => [type, name]))

const messages = { PF2VM: byType(toVf), VM2PF: byType(toPf) } as const

/** A mailbox word: message, data, and whether its receiver has acknowledged it. */
export const mailboxWord = (direction: "PF2VM" | "VM2PF", word: number): string => {
  if (word === 0) return "no message"
  const type = (word >>> 2) & 0x3f
  const name = messages[direction].get(type) ?? `type 0x${type.toString(16)}`
  return `${name}, data 0x${(word >>> 8).toString(16)}, ${(word & 1) === 1 ? "pending" : "acknowledged"}`
}
