/**
 * What somebody gives to `decode`, as the bytes of a block: binary, or hexadecimal text. Text may have spaces, new lines
 * and `0x`, and may leave out zeroes at its end.
 */
import { Layout } from "@stopcopy/qat"
import { Either } from "effect"
import { Misuse } from "../Outcome.ts"

/** Bytes of input that are looked at, at most: hexadecimal text of a whole block, each digit on a line of its own. */
export const inputLimit = 8 * Layout.blockBytes

const textBytes = { tab: 0x09, lineFeed: 0x0a, carriageReturn: 0x0d, space: 0x20, delete: 0x7f } as const

const isTextByte = (byte: number): boolean =>
  (byte >= textBytes.space && byte !== textBytes.delete) ||
  byte === textBytes.tab ||
  byte === textBytes.lineFeed ||
  byte === textBytes.carriageReturn

/** First byte of every block, which no text begins with. */
const magicByte = Layout.magic & 0xff

const isText = (bytes: Uint8Array): boolean => bytes[0] !== magicByte && bytes.every(isTextByte)

const tooLong = (source: string, length: string): Misuse =>
  new Misuse({ message: `${source} has ${length} bytes, a migration block has ${Layout.blockBytes}: give one block` })

const fromText = (text: string, source: string): Either.Either<Uint8Array, Misuse> => {
  const digits = text.replaceAll(/0x/gi, "").replaceAll(/\s/g, "")
  const wrong = /[^0-9a-f]/i.exec(digits)
  if (wrong !== null) {
    return Either.left(
      new Misuse({
        message: `${source} is neither binary nor hexadecimal: "${wrong[0]}" is no hexadecimal digit; give a block as bytes or as hex text`
      })
    )
  }
  if (digits === "") return Either.left(empty(source))
  if (digits.length % 2 !== 0) {
    return Either.left(
      new Misuse({
        message: `${source} has an odd number of hexadecimal digits (${digits.length}): two digits make a byte`
      })
    )
  }
  if (digits.length / 2 > Layout.blockBytes) return Either.left(tooLong(source, `${digits.length / 2}`))
  const block = new Uint8Array(Layout.blockBytes)
  for (let index = 0; index < digits.length / 2; index++) {
    block[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16)
  }
  return Either.right(block)
}

const empty = (source: string): Misuse =>
  new Misuse({ message: `${source} is empty: give a migration block, binary or as hex text` })

/** The bytes of the block in `bytes`; `source` is how messages call the input. */
export const blockOf = (bytes: Uint8Array, source: string): Either.Either<Uint8Array, Misuse> => {
  if (bytes.byteLength === 0) return Either.left(empty(source))
  if (bytes.byteLength > inputLimit) return Either.left(tooLong(source, `more than ${inputLimit}`))
  if (isText(bytes)) return fromText(new TextDecoder().decode(bytes), source)
  return bytes.byteLength > Layout.blockBytes
    ? Either.left(tooLong(source, `${bytes.byteLength}`))
    : Either.right(bytes)
}
