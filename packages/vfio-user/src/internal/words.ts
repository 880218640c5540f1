/** Fixed-width integers of messages: their schemas, views on payloads, and 64-bit words as numbers. Little endian. */
import { EINVAL } from "@stopcopy/errno"
import { Either, Schema } from "effect"

export const U16 = Schema.Int.pipe(Schema.between(0, 0xffff))
export const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
export const U64 = Schema.BigIntFromSelf.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))
/** A 64-bit word that is kept as a number: 0 to 2^53 - 1. */
export const Safe64 = Schema.Int.pipe(Schema.between(0, Number.MAX_SAFE_INTEGER))
export const Bytes = Schema.Uint8ArrayFromSelf

const twoTo32 = 0x1_0000_0000

/** A u64 as a number: exact up to 2^53, above that rounded, which is still far outside every region and message. */
export const getSafe64 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * twoTo32

/** Writes an integer of 0 to 2^53 as a u64. */
export const setSafe64 = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / twoTo32), true)
}

/** A refusal as the protocol knows it: the wire carries the number alone. */
export const refuse = (
  code: string,
  rule: string,
  where: string,
  source: string | number | bigint,
  destination: string | number | bigint,
  remedy: string
): EINVAL =>
  new EINVAL({
    refusal: {
      code: `vfio-user.${code}`,
      rule,
      where,
      source: String(source),
      destination: String(destination),
      remedy
    }
  })

/** A view on the whole payload, which borrows it. `EINVAL` when it has fewer than `least` bytes. */
export const viewOf = (payload: Uint8Array, least: number, where: string): Either.Either<DataView, EINVAL> =>
  payload.byteLength >= least
    ? Either.right(new DataView(payload.buffer, payload.byteOffset, payload.byteLength))
    : Either.left(short(payload.byteLength, least, where))

const short = (length: number, least: number, where: string): EINVAL =>
  refuse(
    "payload.short",
    "the payload holds the whole structure",
    where,
    `${length} bytes`,
    `at least ${least} bytes`,
    "send the whole structure"
  )

/** A view on fresh zeros. */
export const freshView = (size: number): DataView<ArrayBuffer> => new DataView(new ArrayBuffer(size))

/** The bytes behind a view of `freshView`. */
export const bytesOf = (view: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(view.buffer)
