/**
 * What the engine leaves in the free slot behind a burst, so that the ring tells after a crash how far the burst was placed: once before the word that gives
 * the last response to the guest, and again after it. A driver looks at the first word of a slot only, which stays. Bytes 4 to 31 of the slot, little endian,
 * offsets in the slot: 4 u32 mark, 8 u32 generation of the bank, 12 f64 requests that it has executed, 20 u32 stage. Rules: `Slots.ts`.
 */
import { responseBytes } from "../Outcome.ts"

const firstWord = 4
const mark = 0x4e57_5451

/** How far a burst was placed: no trace of it there, all but the word of the last response, all. */
export const Stage = { none: 0, lastPending: 1, all: 2 } as const
export type Stage = (typeof Stage)[keyof typeof Stage]

/** Which burst: the generation of the bank, and how many requests it has executed with the last of this burst. */
export interface Burst {
  readonly generation: number
  readonly executed: number
}

/** The bytes of a slot from its second word on. */
export const witness = ({ executed, generation }: Burst, stage: Stage): Uint8Array => {
  const bytes = new Uint8Array(responseBytes - firstWord)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, mark, true)
  view.setUint32(4, generation, true)
  view.setFloat64(8, executed, true)
  view.setUint32(16, stage, true)
  return bytes
}

/** What a whole slot witnesses of a burst. */
export const stageIn = (slot: Uint8Array, burst: Burst): Stage => {
  for (const stage of [Stage.all, Stage.lastPending]) {
    const expected = witness(burst, stage)
    if (expected.every((byte, at) => slot[firstWord + at] === byte)) return stage
  }
  return Stage.none
}
