/** Adler-32, which Node offers for whole zlib streams only. Source: RFC 1950, sections 8.2 and 9. */

/** The largest prime below 2^16. */
const modulus = 65_521
/** The most bytes after which both sums, begun below the modulus, still fit 32 bits; a multiple of the stride. */
const block = 5552
/** Bytes of one turn of the inner loop. */
const stride = 8

const pack = (low: number, high: number): number => ((high << 16) | low) >>> 0

/** The Adler-32 of what `initial` stands for, followed by `bytes`. That of nothing is 1. */
export const adler32 = (bytes: Uint8Array, initial: number): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let low = (initial & 0xffff) % modulus
  let high = (initial >>> 16) % modulus
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + block, bytes.length)
    // Written out: half a loop's time, and `| 0` keeps both sums whole numbers of 32 bits.
    for (const last = end - stride; at <= last; at += stride) {
      low = (low + view.getUint8(at)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 1)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 2)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 3)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 4)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 5)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 6)) | 0
      high = (high + low) | 0
      low = (low + view.getUint8(at + 7)) | 0
      high = (high + low) | 0
    }
    for (; at < end; at++) {
      low = (low + view.getUint8(at)) | 0
      high = (high + low) | 0
    }
    low = (low >>> 0) % modulus
    high = (high >>> 0) % modulus
  }
  return pack(low, high)
}

/** The Adler-32 of what `initial` stands for, followed by `length` bytes whose own Adler-32 is `next`. */
export const continueAdler32 = (initial: number, next: number, length: number): number => {
  const low = (initial & 0xffff) % modulus
  // The bytes begin from `low` instead of 1: each of them adds the difference to the high sum.
  const high = (initial >>> 16) + (next >>> 16) + (length % modulus) * ((low + modulus - 1) % modulus)
  return pack((low + (next & 0xffff) + modulus - 1) % modulus, high % modulus)
}
