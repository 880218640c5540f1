/** What a compression response says besides its status. Source: section 4.5 of the firmware specification. */
import { crc32, deflateSync } from "node:zlib"

/** Bytes 16 to 31 of the response: how much was consumed and produced, and the checksums of the plain data. */
export const countsOf = (consumed: number, produced: number, plain: Uint8Array): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16))
  view.setUint32(0, consumed, true)
  view.setUint32(4, produced, true)
  view.setUint32(8, crc32(plain), true)
  // A zlib stream ends with the Adler-32.
  view.setUint32(12, deflateSync(plain, { level: 1 }).subarray(-4).readUInt32BE(), true)
  return new Uint8Array(view.buffer)
}
