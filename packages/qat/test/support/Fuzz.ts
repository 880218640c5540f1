/**
 * Blocks that no save would write, from a seed: noise, and good blocks with broken headers, sizes, counts, ids and spans.
 * The same seed always gives the same inputs.
 */
import { encodeBlock } from "@stopcopy/qat"
import { sampleBlock } from "./Sample.ts"

/** A number from 0 to `limit` - 1. */
type Random = (limit: number) => number

/** xorshift32. Any seed will do; 0 counts as 1. */
export const randomFrom = (seed: number): Random => {
  let state = Math.imul(seed, 0x9e37_79b1) | 0
  if (state === 0) state = 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** Room for an input: a block and some more. */
export const inputRoom = 4096 + 128

const bases = [0, 1, 2, 3, 4].map((slas) => encodeBlock(sampleBlock(slas)))

/** Numbers at which sizes and counts change their meaning: leaf sizes, part sizes, the block, wrap-around. */
const edges = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 23, 24, 25, 58, 74, 90, 96, 120, 135, 136, 471, 472, 488, 2016, 3990, 4006,
  4079, 4080, 4081, 4095, 4096, 4097, 0xfff0, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ff9f, 0xffff_fff0, 0xffff_fff1,
  0xffff_ffff
]
const ids =
  "CONFIG gencap svcmap extdc GENER iovinit compver sla MISCBAR vimsk vm2pf ETRBAR bnk0 bnk1 bnk3 mregs unknown 12345678"
    .split(" ")
    .concat("")

const pick = <A>(random: Random, from: ReadonlyArray<A>, otherwise: A): A => from[random(from.length)] ?? otherwise

/** Offsets of all section headers of the good block with `slas` SLAs. */
const headersOf = (slas: number): ReadonlyArray<number> => {
  const more = 24 * slas
  const state = [172, 188, 208, 228, 248, 268, 288, 308].map((at) => at + more)
  const banks = [0, 1, 2, 3].flatMap((bank) => [324 + more + 504 * bank, 340 + more + 504 * bank])
  return [16, 32, 52, 70, 106, 122, 139, 156, ...state, ...banks]
}
const headers = [0, 1, 2, 3, 4].map(headersOf)

const setEdge = (random: Random, view: DataView, at: number): void => {
  const edge = pick(random, edges, 0)
  view.setUint32(at, random(4) === 0 ? (edge + random(5) - 2) >>> 0 : edge, true)
}

type Mutation = (random: Random, view: DataView, bytes: Uint8Array, headers: ReadonlyArray<number>) => void

const mutations: ReadonlyArray<Mutation> = [
  // Bit flips, mostly where the headers are.
  (random, view) => {
    for (let left = 1 + random(4); left > 0; left--) {
      const at = random(random(2) === 0 ? 400 : 4096)
      view.setUint8(at, view.getUint8(at) ^ (1 << random(8)))
    }
  },
  // The size of a section, the number of its sub sections.
  (random, view, _, at) => setEdge(random, view, pick(random, at, 16) + 8),
  (random, view, _, at) => setEdge(random, view, pick(random, at, 16) + 12),
  // A field of a preamble.
  (random, view) => {
    const part = random(2) * 90
    if (random(3) === 0) setEdge(random, view, part + pick(random, [0, 4, 12], 12))
    else view.setUint16(part + pick(random, [8, 10], 8), random(2) === 0 ? random(200) : pick(random, edges, 0), true)
  },
  // An id: another one, one without NUL, another byte behind the NUL.
  (random, view, bytes, at) => {
    const header = pick(random, at, 16)
    if (random(3) === 0) view.setUint8(header + 7, 1 + random(255))
    else
      for (let index = 0, id = pick(random, ids, ""); index < 8; index++) bytes[header + index] = id.charCodeAt(index)
  },
  // A span copied to another place, often from header to header.
  (random, _, bytes, at) => {
    const from = random(2) === 0 ? pick(random, at, 16) : random(2500)
    const to = random(2) === 0 ? pick(random, at, 16) : random(2500)
    bytes.copyWithin(to, from, from + 1 + random(random(2) === 0 ? 64 : 800))
  },
  // A span of one byte.
  (random, _, bytes) => {
    const from = random(2500)
    bytes.fill(pick(random, [0, 0xff, 0x20], 0), from, from + 1 + random(200))
  }
]

const noise = (random: Random, view: DataView): void => {
  for (let at = 0; at < inputRoom; at += 4) view.setUint32(at, random(0xffff_ffff), true)
  if (random(4) === 0) return
  // Noise that gets past the first checks of the setup part, and often of the state part.
  const preamble = (at: number, sections: number, size: number): void => {
    view.setUint32(at, 0xadf5_caea, true)
    view.setUint32(at + 4, random(2), true)
    view.setUint16(at + 8, 16, true)
    view.setUint16(at + 10, sections, true)
    view.setUint32(at + 12, size, true)
  }
  const end = 16 + random(200)
  preamble(0, random(2), end - 16)
  if (random(2) === 0) preamble(end, random(4), random(4096))
}

/** Writes the next input into `bytes` (of `inputRoom` bytes); returns its length, mostly 4096. */
export const nextInput = (random: Random, bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = random(16)
  if (kind === 0) noise(random, view)
  else {
    const slas = random(bases.length)
    bytes.fill(0, 4096)
    bytes.set(bases[slas] ?? bytes)
    for (let left = 1 + random(3); left > 0; left--) {
      mutations[random(mutations.length)]?.(random, view, bytes, headers[slas] ?? [])
    }
  }
  if (random(8) !== 0) return 4096
  return random(2) === 0 ? random(inputRoom + 1) : random(400)
}
