/**
 * What the engine did with one request, as the journal keeps it: who, how much, where to, and a checksum of what was written. Data and keys
 * of the guest are not in it. Source: `docs/architecture.md`; section 2 of the firmware specification.
 */
import { Schema } from "effect"
import { U32, U64, U8 } from "./Unsigned.ts"

/** A piece of guest memory: address, and length in bytes. */
export const Piece = Schema.Tuple(U64, U32)

export const Outcome = Schema.Struct({
  /** Place of the request in ring 0 and of the response in ring 1, in messages. */
  slot: Schema.NonNegativeInt,
  responseSlot: Schema.NonNegativeInt,
  /** Service type and command id of the request. */
  service: U8,
  command: U8,
  /** Bytes of data read, and written. */
  input: Schema.NonNegativeInt,
  output: Schema.NonNegativeInt,
  /** The 32 bytes that answer the request. */
  response: Schema.Uint8ArrayFromHex,
  /** Guest memory that it writes, in order, the response excluded; and the crc32 of all these bytes. */
  written: Schema.Array(Piece),
  crc32: U32,
  /** The access that faulted, if one did. */
  fault: Schema.NullOr(
    Schema.Struct({ address: U64, length: Schema.NonNegativeInt, direction: Schema.Literal("read", "write") })
  )
})
export type Outcome = typeof Outcome.Type

/** Status bits of an outcome's response: byte 6. */
export const statusOf = ({ response }: Outcome): number => response[6] ?? 0
