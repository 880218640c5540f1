/** Bytes as they stand in a line of a bundle, and back: JSON as its own text, byte for byte, other bytes as base64. */
import { sha256 } from "@noble/hashes/sha2.js"
import { Either, Encoding } from "effect"
import type { Content } from "./Format.ts"

const encoder = new TextEncoder()
// A byte order mark is part of what was hashed.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a text. */
export const toBytes = (text: string): Uint8Array => encoder.encode(text)

/** The text of UTF-8 bytes; undefined where they are none. */
export const toText = (bytes: Uint8Array): string | undefined =>
  Either.getOrUndefined(Either.try(() => decoder.decode(bytes)))

/** Hexadecimal digits of bytes. */
export const toHex = (bytes: Uint8Array): string => Encoding.encodeHex(bytes)

/** The bytes of hexadecimal digits; the reason where they are none. */
export const fromHex = (text: string): Either.Either<Uint8Array, string> =>
  Either.mapLeft(Encoding.decodeHex(text), () => `'${text.slice(0, 80)}' is not hexadecimal`)

/** Whole content: as text if `json` says that it is JSON and it is UTF-8. */
export const plainContent = (bytes: Uint8Array, json: boolean): Content => {
  const text = json ? toText(bytes) : undefined
  return text === undefined ? { base64: Encoding.encodeBase64(bytes) } : { json: text }
}

/** Content of which only the hash is left, and what can be shown of it. */
export const withheld = (bytes: Uint8Array, views: ReadonlyArray<string>): Content => ({
  redacted: { hash: toHex(sha256(bytes)), views }
})

/** What stands in a stored form: bytes, or the hash of bytes that are gone. */
interface Stored {
  readonly bytes: Uint8Array | null
  readonly hash: Uint8Array | null
}

/** The reason where the content is not exactly one of its three forms. */
export const storedOf = ({ base64, json, redacted }: Content): Either.Either<Stored, string> => {
  const forms = [base64, json, redacted].filter((form) => form !== undefined)
  if (forms.length !== 1) return Either.left(`a payload has ${forms.length} of json, base64 and redacted, not one`)
  if (json !== undefined) return Either.right({ bytes: toBytes(json), hash: null })
  if (redacted !== undefined) return Either.map(fromHex(redacted.hash), (hash) => ({ bytes: null, hash }))
  return Either.mapBoth(Encoding.decodeBase64(base64 ?? ""), {
    onLeft: () => "a payload is not base64",
    onRight: (bytes) => ({ bytes, hash: null })
  })
}
