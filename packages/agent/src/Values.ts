/** The small values that calls and answers share: names, numbers of 32 and 64 bits, ids of migrations and sessions. */
import { Schema } from "effect"

/** A VF by its name on the host: `pf0/vf1`. */
export const DeviceName = Schema.String
export type DeviceName = typeof DeviceName.Type

/** Which migration a call belongs to. The host records it as correlation id, so that journals of all sides merge. */
export const MigrationId = Schema.String
export type MigrationId = typeof MigrationId.Type

/** Names one data transfer session of one device. New for every session; means nothing to another host or process. */
export const SessionToken = Schema.String
export type SessionToken = typeof SessionToken.Type

/** An unsigned integer of 8 bits. */
export const U8 = Schema.Int.pipe(Schema.between(0, 0xff))
/** An unsigned integer of 32 bits. */
export const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
/** An unsigned integer of 64 bits, as decimal text on the wire. */
export const U64 = Schema.BigInt.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))
/** Bytes, as base64 on the wire. */
export const Bytes = Schema.Uint8ArrayFromBase64
/** How many bytes of a stream are before a place in it. */
export const Offset = Schema.NonNegativeInt
