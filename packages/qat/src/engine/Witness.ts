/**
 * What the engine leaves in the free slot behind a burst before it gives the last response, so that the ring tells after a crash how far the burst was placed. A
 * driver looks at the first word of a slot only, which stays. Bytes 4 to 31 of the slot, little endian, offsets in the slot: 4 u32 mark, 8 u32 generation of
 * the bank, 12 f64 requests that it has executed. Rules: `Slots.ts`.
 */
import { responseBytes } from "../Outcome.ts"

const firstWord = 4
const mark = 0x4e57_5451

/** Which burst: the generation of the bank, and how many requests it has executed with the last of this burst. */
export interface Burst {
  readonly generation: number
  readonly executed: number
}

/** The bytes of a slot from its second word on. */
export const witness = ({ executed, generation }: Burst): Uint8Array => {
  const bytes = new Uint8Array(responseBytes - firstWord)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, mark, true)
  view.setUint32(4, generation, true)
  view.setFloat64(8, executed, true)
  return bytes
}

/** Whether a whole slot is the witness of a burst. */
export const isWitness = (slot: Uint8Array, burst: Burst): boolean =>
  witness(burst).every((byte, at) => slot[firstWord + at] === byte)
