/** What the child of the crash tests writes, for it and for those who look at what it left. */

/** Ids of the actors whose turns are durable. */
export const movers: ReadonlyArray<string> = ["d0", "d1", "d2", "d3"]

/** The actor whose turns are written. */
export const written = "w"

/** The actor that writes registers through its tape, this many at once. */
export const taped = "t"
export const entriesAtOnce = 32

/** The file that movers fill. */
export const opened = 0

/** The chunk with this number: ten bytes that hold it. */
export const chunkOf = (number: number): Uint8Array => {
  const bytes = new Uint8Array(10)
  new DataView(bytes.buffer).setUint32(0, number, true)
  return bytes
}

/** The number in a chunk. */
export const numberIn = (chunk: Uint8Array): number =>
  new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength).getUint32(0, true)
