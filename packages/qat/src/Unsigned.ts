/** Numbers of a fixed kind, as registers, the migration block and file offsets hold them. */
import { Schema } from "effect"

export const U8 = Schema.Int.pipe(Schema.between(0, 0xff))
export const U16 = Schema.Int.pipe(Schema.between(0, 0xffff))
export const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
/** As text in JSON: a number would not be exact. */
export const U64 = Schema.BigInt.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))
/** A whole number of any size, such as a forced file position. Not -0, which JSON does not know. */
export const Whole = Schema.Number.pipe(Schema.filter((value) => Number.isInteger(value) && !Object.is(value, -0)))
