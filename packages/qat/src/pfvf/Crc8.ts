/**
 * The checksum of a block message. Source: `qat_common/adf_pfvf_utils.c`; section 5.4 of the register specification: polynomial 0x97, most
 * significant bit first, from 0xff, nothing reflected or inverted.
 */

const polynomial = 0x97
const start = 0xff

const step = (crc: number, byte: number): number => {
  let rest = crc ^ byte
  for (let bit = 0; bit < 8; bit++) rest = ((rest << 1) ^ ((rest & 0x80) === 0 ? 0 : polynomial)) & 0xff
  return rest
}

/** 0 to 255. */
export const crc8 = (bytes: Uint8Array): number => bytes.reduce(step, start)
