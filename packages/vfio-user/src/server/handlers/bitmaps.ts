/** Bitmaps of written pages: their checks and their bits. Source: section 15 of the vfio-user specification. */
import type { EINVAL } from "@stopcopy/errno"
import { Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as DmaLoggingReport from "../../messages/DmaLoggingReport.ts"

/** The size in bytes of the bitmap for a range; sizes and addresses in bytes. `EINVAL` for a bad page size, a range past the end, too large a bitmap. */
export const checkBitmap = (
  iova: bigint,
  length: bigint,
  pageSize: bigint,
  maxBytes: number
): Either.Either<number, EINVAL> => {
  if (pageSize === 0n || (pageSize & (pageSize - 1n)) !== 0n || pageSize > length) {
    return wrong("page_size", pageSize, `a power of two of at most ${length}`)
  }
  if (iova + length > 1n << 64n) return wrong("range", iova + length, "at most 2^64")
  const bytes = DmaLoggingReport.bitmapBytes(length, pageSize)
  return bytes > BigInt(maxBytes) ? wrong("bitmap", bytes, `at most ${maxBytes} bytes`) : Either.right(Number(bytes))
}

const wrong = (where: string, source: bigint, destination: string): Either.Either<never, EINVAL> =>
  Either.left(
    refuse("bitmap", "a bitmap covers whole pages of a range", where, source, destination, "correct the range")
  )

/** Bit i stands for page i from `iova`; addresses outside the bitmap are left out. */
export const bitmapOf = (pages: ReadonlyArray<bigint>, iova: bigint, pageSize: bigint, bytes: number): Uint8Array => {
  const bitmap = new Uint8Array(bytes)
  for (const address of pages) {
    const page = Number((address - iova) / pageSize)
    const index = page >>> 3
    if (address >= iova && index < bytes) bitmap[index] = (bitmap[index] ?? 0) | (1 << (page & 7))
  }
  return bitmap
}
