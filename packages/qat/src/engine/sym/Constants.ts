/**
 * The device's table of constants: configurations that a request names by an index, so that it needs no content descriptor. Only qatlib
 * does. Values are configuration words of a cipher or of a hash. Source: `lac_sym_qat_constants_table.c` of qatlib; section 3.9 of
 * the firmware specification.
 */

/** Configuration words of ciphers with AES-128. */
const ciphers: ReadonlyMap<number, number> = new Map([
  /** ECB, encrypt and decrypt with key conversion. */
  [14, 0x003],
  [17, 0x303],
  /** CBC: encrypt, decrypt with a key already converted, decrypt with key conversion. */
  [18, 0x013],
  [20, 0x113],
  [21, 0x313],
  /** CTR. */
  [22, 0x023]
])

/** Configuration words of hashes without key: SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. */
const hashes: ReadonlyMap<number, number> = new Map([
  [41, 0x01],
  [48, 0x03],
  [54, 0x04],
  [60, 0x05],
  [70, 0x06]
])

/** The cipher configuration at `index`, if it is one that we know. */
export const cipherConstant = (index: number): number | undefined => ciphers.get(index)

/** The hash configuration at `index`, if it is one that we know. */
export const hashConstant = (index: number): number | undefined => hashes.get(index)
