/** Deflate streams bit by bit, also those that no compressor writes. Source: RFC 1951, section 3. */

/** Numbers of so many bits each, first bit lowest. */
type Field = readonly [value: number, bits: number]

/** The fields one behind the other, filled up to whole bytes with zeros. */
export const pack = (fields: ReadonlyArray<Field>): Uint8Array => {
  const bits = fields.flatMap(([value, count]) => Array.from({ length: count }, (_, bit) => (value >>> bit) & 1))
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) bytes[at >>> 3] = (bytes[at >>> 3] ?? 0) | (bit << (at & 7))
  return bytes
}

/** A code word, which goes highest bit first. */
export const code = (text: string): ReadonlyArray<Field> => Array.from(text, (bit) => [Number(bit), 1] as const)

/** Order in which a dynamic block tells the lengths of its code-length codes. */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Head of a final dynamic block: numbers of literal and of distance codes, and lengths of code-length codes by symbol. */
export const dynamicHead = (
  literals: number,
  distances: number,
  lengths: Readonly<Record<number, number>>
): ReadonlyArray<Field> => [
  [1, 1],
  [2, 2],
  [literals - 257, 5],
  [distances - 1, 5],
  [order.length - 4, 4],
  ...order.map((symbol) => [lengths[symbol] ?? 0, 3] as const)
]

/** Head of a final block with fixed codes. */
export const fixedHead: ReadonlyArray<Field> = [
  [1, 1],
  [1, 2]
]
