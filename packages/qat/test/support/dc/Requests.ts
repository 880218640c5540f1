/**
 * Compression requests as drivers write them into a ring, from addresses and lengths. Source: `qat_comp.c` and `qat_comp_pmd_gen4.c` of
 * DPDK, `adf_gen4_dc.c` and `qat_comp_req.h` of the kernel; sections 4.2 and 4.3 of the firmware specification.
 */

/** What to do. */
export type Kind = "static" | "dynamic" | "decompress"

/** A buffer: where it begins and how long it is, or the address of a list of so many bytes in all. */
export interface Place {
  readonly address: bigint
  /** In bytes. */
  readonly length: number
}

export interface Ask {
  readonly kind: Kind
  readonly source: Place
  readonly destination: Place
  /** Both places are lists. */
  readonly scattered: boolean
  readonly opaque: bigint
}

/** What DPDK's applications choose besides. */
export interface DpdkChoice {
  /** 1 to 12; 6 if nothing is said. */
  readonly level?: number
  /** The stream ends with this request; it does if nothing is said. Static requests always end it. */
  readonly final?: boolean
}

const valid = 0x80
const compressionService = 9
/** Common flags: configuration words in place of a descriptor; lists. */
const inPlace = 2
const listed = 1
/** Parameter flags: first and last piece of a packet, compress and verify, with recovery; final block. */
const usualFlags = 0x0003_0003
const final = 0x40
/** Service-specific flag of early kernels: select the best block type. */
const selectBest = 8

const commands: Readonly<Record<Kind, number>> = { static: 0, dynamic: 1, decompress: 2 }

/** Slices, next in the upper half: compress to memory, compress to translator, translator to memory. */
const compressToMemory = 0x45
const compressToTranslator = 0x65
const translatorToMemory = 0x46

interface Parts {
  readonly command: number
  readonly serviceFlags: number
  readonly words: readonly [lower: number, upper: number]
  readonly parameterFlags: number
  /** Lengths of bytes 48 to 55. */
  readonly lengths: readonly [source: number, destination: number]
  readonly slices: readonly [compression: number, translator: number]
}

const build = (ask: Ask, parts: Parts): Uint8Array<ArrayBuffer> => {
  const view = new DataView(new ArrayBuffer(128))
  view.setUint8(1, parts.command)
  view.setUint8(2, compressionService)
  view.setUint8(3, valid)
  view.setUint16(4, parts.serviceFlags, true)
  view.setUint8(6, inPlace | (ask.scattered ? listed : 0))
  view.setUint32(8, parts.words[0], false)
  view.setUint32(12, parts.words[1], false)
  view.setBigUint64(24, ask.opaque, true)
  view.setBigUint64(32, ask.source.address, true)
  view.setBigUint64(40, ask.destination.address, true)
  view.setUint32(48, parts.lengths[0], true)
  view.setUint32(52, parts.lengths[1], true)
  view.setUint32(56, ask.source.length, true)
  view.setUint32(60, ask.destination.length, true)
  view.setUint32(68, 1, true)
  view.setUint32(72, parts.parameterFlags, true)
  view.setUint8(99, parts.slices[0])
  view.setUint8(123, parts.slices[1])
  return new Uint8Array(view.buffer)
}

const dpdkWords = (kind: Kind, level: number): readonly [number, number] => {
  if (kind === "decompress") return [0x20, 0]
  const index = level < 6 ? 0 : level < 9 ? 1 : 2
  const lower = kind === "static" ? [0x312f, 0x3327, 0x3427] : [0x210f, 0x2307, 0x2407]
  return [lower[index] ?? 0, kind === "static" ? 0x8002_0503 : 0x0002_0503]
}

/** The 128 bytes that DPDK sends: lengths of the buffers only where these are flat. */
export const dpdkRequest = (ask: Ask, choice: DpdkChoice = {}): Uint8Array<ArrayBuffer> => {
  const ends = ask.kind !== "dynamic" || (choice.final ?? true)
  return build(ask, {
    command: commands[ask.kind],
    serviceFlags: 0,
    words: dpdkWords(ask.kind, choice.level ?? 6),
    parameterFlags: usualFlags | (ends ? final : 0),
    lengths: ask.scattered ? [0, 0] : [ask.source.length, ask.destination.length],
    slices: ask.kind === "dynamic" ? [compressToTranslator, translatorToMemory] : [compressToMemory, 0]
  })
}

/** The 128 bytes that the kernel sends. It has dynamic codes only, and asks for static ones when `early`, but the best. */
export const kernelRequest = (ask: Ask, early = false): Uint8Array<ArrayBuffer> => {
  const unpack = ask.kind === "decompress"
  return build(ask, {
    command: unpack ? commands.decompress : early ? commands.static : commands.dynamic,
    serviceFlags: early ? selectBest : 0,
    words: unpack ? [0x20, 0] : [0x0107, 0x0002_0503],
    parameterFlags: usualFlags | final,
    lengths: [ask.source.length, ask.destination.length],
    slices: [0, 0]
  })
}

/** What a compression response says. */
export interface Answer {
  readonly type: number
  readonly flags: number
  readonly status: number
  readonly command: number
  /** Signed error codes. */
  readonly error: number
  readonly translatorError: number
  readonly opaque: bigint
  readonly consumed: number
  readonly produced: number
  readonly crc32: number
  readonly adler32: number
}

/** Reads the 32 bytes of a compression response. */
export const decodeAnswer = (response: Uint8Array): Answer => {
  const view = new DataView(response.buffer, response.byteOffset, response.byteLength)
  return {
    type: view.getUint8(2),
    flags: view.getUint8(3),
    translatorError: view.getInt8(4),
    error: view.getInt8(5),
    status: view.getUint8(6),
    command: view.getUint8(7),
    opaque: view.getBigUint64(8, true),
    consumed: view.getUint32(16, true),
    produced: view.getUint32(20, true),
    crc32: view.getUint32(24, true),
    adler32: view.getUint32(28, true)
  }
}
