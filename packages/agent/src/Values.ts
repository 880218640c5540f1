/** The small values that calls and answers share: names, numbers of 32 and 64 bits, ids of migrations and sessions. */
import { Either, Encoding, ParseResult, Schema } from "effect"

/** The longest name or id, in UTF-16 code units: hosts keep them in journals, and say them in messages. */
const nameLimit = 256
const Name = Schema.String.pipe(Schema.maxLength(nameLimit))

/** A VF by its name on the host: `pf0/vf1`. */
export const DeviceName = Name
export type DeviceName = typeof DeviceName.Type

/** Which migration a call belongs to. The host records it as correlation id, so that journals of all sides merge. */
export const MigrationId = Name
export type MigrationId = typeof MigrationId.Type

/** Names one data transfer session of one device. New for every session; means nothing to another host or process. */
export const SessionToken = Name
export type SessionToken = typeof SessionToken.Type

/** An unsigned integer of 8 bits. */
export const U8 = Schema.Int.pipe(Schema.between(0, 0xff))
/** An unsigned integer of 32 bits. */
export const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
/** An unsigned integer of 64 bits, as decimal text on the wire. */
export const U64 = Schema.BigInt.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))

/** Effect's codec goes byte by byte: a chunk of 128 KiB takes it milliseconds. Node's takes a tenth of that; elsewhere there is none. */
const native = typeof Buffer === "undefined" ? undefined : Buffer

const textOf = (bytes: Uint8Array): string =>
  native === undefined
    ? Encoding.encodeBase64(bytes)
    : native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")

/** Node's codec passes over what is no base64: only what it would write itself is taken. */
const bytesOf = (text: string): Uint8Array | undefined => {
  if (native === undefined) return Either.getOrUndefined(Encoding.decodeBase64(text))
  const bytes = native.from(text, "base64")
  return bytes.toString("base64") === text
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : undefined
}

/** Bytes, as base64 on the wire. */
export const Bytes = Schema.transformOrFail(Schema.String, Schema.Uint8ArrayFromSelf, {
  strict: true,
  decode: (text, _, ast) => {
    const bytes = bytesOf(text)
    // What it is instead may be long, and a secret of the guest: it is not said.
    return bytes === undefined
      ? ParseResult.fail(new ParseResult.Type(ast, `${text.length} characters`, "bytes are base64, with padding"))
      : ParseResult.succeed(bytes)
  },
  encode: (bytes) => ParseResult.succeed(textOf(bytes))
})
/** How many bytes of a stream are before a place in it. */
export const Offset = Schema.NonNegativeInt
