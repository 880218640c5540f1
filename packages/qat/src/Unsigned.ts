/** Unsigned numbers of a fixed width, as registers and the migration block hold them. */
import { Schema } from "effect"

export const U8 = Schema.Int.pipe(Schema.between(0, 0xff))
export const U16 = Schema.Int.pipe(Schema.between(0, 0xffff))
export const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
/** As text in JSON: a number would not be exact. */
export const U64 = Schema.BigInt.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))
