/**
 * The data of features DMA_LOGGING_START and DMA_LOGGING_REPORT, and what is checked before a driver sees them.
 * Sources: `include/uapi/linux/vfio.h`, `drivers/vfio/vfio_main.c`. Little endian; addresses and lengths in bytes.
 * START, 24 bytes: 0 u64 `pageSize`, 8 u32 `rangeCount`, 12 u32 reserved, 16 u64 `rangesAddress`.
 * Range, 16 bytes: 0 u64 `iova`, 8 u64 `length`.
 * REPORT, 32 bytes: 0 u64 `iova`, 8 u64 `length`, 16 u64 `pageSize`, 24 u64 `bitmapAddress`. Bit k of the bitmap (u64
 * words) stands for page k of the range; a report sets bits and never clears one.
 */
import { E2BIG, EINVAL, EOVERFLOW, type EFAULT } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { maxU64, U32, U64, viewOf } from "./internal/scalars.ts"

/** Size of START's struct, in bytes. */
export const startBytes = 24
/** Size of one range, in bytes. */
export const rangeBytes = 16
/** Size of REPORT's struct, in bytes. */
export const reportBytes = 32
/** The most ranges of one START: as many as fit a page of 4096 bytes. */
export const maxRanges = 256
/** The least page size of a REPORT, in bytes. */
export const minReportPageSize = 4096n

export const Start = Schema.Struct({ pageSize: U64, rangeCount: U32, rangesAddress: U64 })
export type Start = typeof Start.Type

/** A piece of the device's address space. */
export const Range = Schema.Struct({ iova: U64, length: U64 })
export type Range = typeof Range.Type

export const Report = Schema.Struct({ iova: U64, length: U64, pageSize: U64, bitmapAddress: U64 })
export type Report = typeof Report.Type

/** Reads the first 24 bytes; the reserved word is ignored. `EFAULT` on fewer. */
export const decodeStart = (bytes: Uint8Array): Either.Either<Start, EFAULT> =>
  Either.map(viewOf(bytes, startBytes, "DMA logging start"), (view) => ({
    pageSize: view.getBigUint64(0, true),
    rangeCount: view.getUint32(8, true),
    rangesAddress: view.getBigUint64(16, true)
  }))

/** Writes a fresh 24-byte buffer, the reserved word zero. Total for values that the schema admits. */
export const encodeStart = (start: Start): Uint8Array => {
  const view = new DataView(new ArrayBuffer(startBytes))
  view.setBigUint64(0, start.pageSize, true)
  view.setUint32(8, start.rangeCount, true)
  view.setBigUint64(16, start.rangesAddress, true)
  return new Uint8Array(view.buffer)
}

/** Writes ranges one after the other into a fresh buffer. Total for values that the schema admits. */
export const encodeRanges = (ranges: ReadonlyArray<Range>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(ranges.length * rangeBytes))
  ranges.forEach(({ iova, length }, index) => {
    view.setBigUint64(index * rangeBytes, iova, true)
    view.setBigUint64(index * rangeBytes + 8, length, true)
  })
  return new Uint8Array(view.buffer)
}

/** Reads the first 32 bytes. `EFAULT` on fewer. */
export const decodeReport = (bytes: Uint8Array): Either.Either<Report, EFAULT> =>
  Either.map(viewOf(bytes, reportBytes, "DMA logging report"), (view) => ({
    iova: view.getBigUint64(0, true),
    length: view.getBigUint64(8, true),
    pageSize: view.getBigUint64(16, true),
    bitmapAddress: view.getBigUint64(24, true)
  }))

/** Writes a fresh 32-byte buffer. Total for values that the schema admits. */
export const encodeReport = (report: Report): Uint8Array => {
  const view = new DataView(new ArrayBuffer(reportBytes))
  view.setBigUint64(0, report.iova, true)
  view.setBigUint64(8, report.length, true)
  view.setBigUint64(16, report.pageSize, true)
  view.setBigUint64(24, report.bitmapAddress, true)
  return new Uint8Array(view.buffer)
}

/**
 * The ranges of a START. `memory` is what the caller has at `rangesAddress`: where it ends, a range is `EFAULT`.
 * In order: no range `EINVAL`, more than 256 `E2BIG`; then range by range: fault `EFAULT`, not whole pages `EINVAL`,
 * end past 2^64 - 1 `EOVERFLOW`, overlap with an earlier range `EINVAL`. `pageSize` itself is not judged: alignment is
 * tested against `pageSize - 1` as a bit mask.
 */
export const checkStart = (
  start: Start,
  memory: Uint8Array
): Either.Either<ReadonlyArray<Range>, EINVAL | E2BIG | EFAULT | EOVERFLOW> => {
  if (start.rangeCount === 0) return Either.left(noRanges())
  if (start.rangeCount > maxRanges) return Either.left(tooManyRanges(start.rangeCount))
  const ranges: Array<Range> = []
  for (let index = 0; index < start.rangeCount; index++) {
    const range = checkRange(start.pageSize, memory, index, ranges)
    if (Either.isLeft(range)) return Either.left(range.left)
    ranges.push(range.right)
  }
  return Either.right(ranges)
}

const checkRange = (
  pageSize: bigint,
  memory: Uint8Array,
  index: number,
  earlier: ReadonlyArray<Range>
): Either.Either<Range, EINVAL | EFAULT | EOVERFLOW> => {
  const view = viewOf(memory.subarray(index * rangeBytes), rangeBytes, `range ${index}`)
  if (Either.isLeft(view)) return Either.left(view.left)
  const range = { iova: view.right.getBigUint64(0, true), length: view.right.getBigUint64(8, true) }
  const pageMask = BigInt.asUintN(64, pageSize - 1n)
  if (((range.iova | range.length) & pageMask) !== 0n) return Either.left(unaligned(range, index, pageSize))
  if (range.iova + range.length > maxU64) return Either.left(pastEnd(range, `range ${index}`))
  const overlapped = earlier.find((other) => overlap(range, other))
  return overlapped === undefined ? Either.right(range) : Either.left(overlapping(range, index, overlapped))
}

const overlap = (left: Range, right: Range): boolean =>
  left.iova < right.iova + right.length && right.iova < left.iova + left.length

/**
 * A REPORT's own checks, in order: `pageSize` below 4096 or no power of two `EINVAL`, end past 2^64 - 1 `EOVERFLOW`.
 */
export const checkReport = (report: Report): Either.Either<Report, EINVAL | EOVERFLOW> => {
  const isPower = (report.pageSize & (report.pageSize - 1n)) === 0n
  if (report.pageSize < minReportPageSize || !isPower) return Either.left(badPageSize(report.pageSize))
  return report.iova + report.length > maxU64 ? Either.left(pastEnd(report, "report")) : Either.right(report)
}

const hex = (value: bigint): string => `0x${value.toString(16)}`
const show = ({ iova, length }: Range): string => `${hex(iova)} + ${hex(length)}`

const noRanges = (): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.logging.empty",
      rule: "logging watches at least one range",
      where: "num_ranges",
      source: "0",
      destination: `1 to ${maxRanges}`,
      remedy: "name the ranges to watch"
    }
  })

const tooManyRanges = (count: number): E2BIG =>
  new E2BIG({
    refusal: {
      code: "vfio.logging.count",
      rule: "the ranges fit one page",
      where: "num_ranges",
      source: String(count),
      destination: `1 to ${maxRanges}`,
      remedy: "merge neighbouring ranges"
    }
  })

const unaligned = (range: Range, index: number, pageSize: bigint): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.logging.aligned",
      rule: "a range is made of whole pages",
      where: `range ${index}`,
      source: show(range),
      destination: `pages of ${pageSize} bytes`,
      remedy: "align the range to page_size"
    }
  })

const pastEnd = (range: Range, where: string): EOVERFLOW =>
  new EOVERFLOW({
    refusal: {
      code: "vfio.logging.end",
      rule: "the end of a range is a 64-bit address",
      where,
      source: show(range),
      destination: `at most ${hex(maxU64)}`,
      remedy: "shorten the range"
    }
  })

const overlapping = (range: Range, index: number, other: Range): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.logging.overlap",
      rule: "ranges do not overlap",
      where: `range ${index}`,
      source: show(range),
      destination: show(other),
      remedy: "merge the two ranges"
    }
  })

const badPageSize = (pageSize: bigint): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio.logging.pageSize",
      rule: "a page is a power of two",
      where: "page_size",
      source: String(pageSize),
      destination: `a power of two, at least ${minReportPageSize}`,
      remedy: `use ${minReportPageSize}`
    }
  })
