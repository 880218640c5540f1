/** Sizes and marks that those who write and read the entries of a spool share. Layout in `FORMAT.md`, "The spool". */

/** Ends every entry and the header of the file: `spol` in ASCII. */
export const endMark = 0x6c6f7073
/** Bytes of checksum and mark. */
export const sealBytes = 8
/** Length of a text that is not there. */
export const none = 0xffff_ffff
/** Sizes in bytes: a word, a number, and what is in front of an entry: its length, and the same with all bits turned. */
export const wordBytes = 4
export const integerBytes = 8
export const frontBytes = 2 * wordBytes
