/** Fixed-width integers as schemas, and views on caller's bytes: what every struct codec of this package needs. */
import { EFAULT } from "@stopcopy/errno"
import { Either, Schema } from "effect"

export const U32 = Schema.Int.pipe(Schema.between(0, 0xffff_ffff))
export const S32 = Schema.Int.pipe(Schema.between(-0x8000_0000, 0x7fff_ffff))
export const U64 = Schema.BigIntFromSelf.pipe(Schema.betweenBigInt(0n, 0xffff_ffff_ffff_ffffn))

/** The largest unsigned 64-bit value. */
export const maxU64 = 0xffff_ffff_ffff_ffffn

/**
 * A view on the first `size` bytes that borrows the caller's memory. Fails with `EFAULT` when fewer are there: bytes a
 * caller does not have are bytes that cannot be copied in.
 */
export const viewOf = (bytes: Uint8Array, size: number, where: string): Either.Either<DataView, EFAULT> =>
  bytes.byteLength >= size
    ? Either.right(new DataView(bytes.buffer, bytes.byteOffset, size))
    : Either.left(
        new EFAULT({
          refusal: {
            code: "vfio.buffer.short",
            rule: "the whole struct can be read from the caller's memory",
            where,
            source: `${bytes.byteLength} bytes`,
            destination: `${size} bytes`,
            remedy: "pass a buffer of at least the size of the struct"
          }
        })
      )
