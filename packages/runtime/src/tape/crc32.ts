/**
 * CRC-32 as in zlib (reflected polynomial 0xedb88320), eight bytes at a step. Plain JavaScript, because it is five times as fast as a call
 * of `zlib.crc32` for the tens of bytes of an entry (27 ns against 151 ns for 32 bytes); the tests compare the two.
 */

const polynomial = 0xedb88320
const byteValues = 256

/** Bytes at a step; every length is a multiple of it. */
export const crcStep = 8

/** Table `k`, from place 256 k on: what a byte does to the remainder `k` bytes later. */
const table = new Int32Array(crcStep * byteValues)
for (let byte = 0; byte < byteValues; byte++) {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1
  table[byte] = remainder
}
for (let place = byteValues; place < table.length; place++) {
  const before = table[place - byteValues] ?? 0
  table[place] = (before >>> 8) ^ (table[before & 0xff] ?? 0)
}

/** The checksum of bytes `start` to `end`, a multiple of `crcStep` in length, as a signed 32-bit integer. */
export const crc32 = (view: DataView, start: number, end: number): number => {
  let remainder = -1
  for (let offset = start; offset < end; offset += crcStep) {
    const low = view.getInt32(offset, true) ^ remainder
    const high = view.getInt32(offset + 4, true)
    remainder =
      (table[1792 + (low & 0xff)] ?? 0) ^
      (table[1536 + ((low >>> 8) & 0xff)] ?? 0) ^
      (table[1280 + ((low >>> 16) & 0xff)] ?? 0) ^
      (table[1024 + (low >>> 24)] ?? 0) ^
      (table[768 + (high & 0xff)] ?? 0) ^
      (table[512 + ((high >>> 8) & 0xff)] ?? 0) ^
      (table[256 + ((high >>> 16) & 0xff)] ?? 0) ^
      (table[high >>> 24] ?? 0)
  }
  return ~remainder
}
