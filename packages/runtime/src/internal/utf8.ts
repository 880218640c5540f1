/** UTF-8 in one place: a scratch buffer makes short texts several times faster than a `TextEncoder` alone. */

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** Bytes of the scratch: texts up to a third of it are encoded there. */
const scratchBytes = 16_384
const scratch = new Uint8Array(scratchBytes)

/** The bytes of a text, in memory of their own. */
export const toUtf8 = (text: string): Uint8Array => {
  if (text.length * 3 > scratchBytes) return encoder.encode(text)
  const { written } = encoder.encodeInto(text, scratch)
  return scratch.slice(0, written)
}

/** The text of these bytes. Throws where they are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)
