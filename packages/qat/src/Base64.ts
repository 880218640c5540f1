/**
 * Bytes as base64 text in events, commands and states. The text is that of `Schema.Uint8ArrayFromBase64`; a whole migration block goes through several of
 * these, and where the system has an encoder of its own that is an order of magnitude faster.
 */
import { Either, Encoding, ParseResult, Schema } from "effect"

/** Node's own encoder; undefined in a browser. */
const native = "Buffer" in globalThis ? Buffer : undefined

/** Base64 of bytes, in plain JavaScript. */
export const portableBase64 = (bytes: Uint8Array): string => Encoding.encodeBase64(bytes)

/** Base64 of bytes. */
export const toBase64: (bytes: Uint8Array) => string =
  native === undefined
    ? portableBase64
    : ({ buffer, byteLength, byteOffset }) => native.from(buffer, byteOffset, byteLength).toString("base64")

/** Bytes, encoded as base64. The annotation says so to who writes JSON: nothing in such a text has to be escaped. */
export const BytesFromBase64: Schema.Schema<Uint8Array, string> = Schema.transformOrFail(
  Schema.String,
  Schema.Uint8ArrayFromSelf,
  {
    strict: true,
    decode: (text, _, ast) =>
      Either.mapLeft(Encoding.decodeBase64(text), ({ message }) => new ParseResult.Type(ast, text, message)),
    encode: (bytes) => ParseResult.succeed(toBase64(bytes))
  }
).annotations({ jsonSchema: { type: "string", contentEncoding: "base64" } })
