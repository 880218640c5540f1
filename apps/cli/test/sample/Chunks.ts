/** Uneven sizes for the chunks of a stream: the same seed gives the same sizes. */
import { Utils } from "effect"

/** Smallest and largest chunk in bytes: both parts of a block take several. */
const chunkBytes = { least: 1, most: 512 } as const

/** A function that gives the size of the next chunk, in bytes. */
export const chunkSizes = (seed: number): (() => number) => {
  const random = new Utils.PCGRandom(seed)
  return () => chunkBytes.least + random.integer(chunkBytes.most - chunkBytes.least + 1)
}
