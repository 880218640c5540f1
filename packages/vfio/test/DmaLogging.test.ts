/** The structs of DMA logging and the order of their checks. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { DmaLogging } from "@stopcopy/vfio"
import { Either, Schema } from "effect"
import { assertLayout } from "./layout.ts"

const ones64 = 0xffff_ffff_ffff_ffffn
const page = 0x1000n

const range = (iova: bigint, length: bigint): DmaLogging.Range => ({ iova, length })

const start = (ranges: ReadonlyArray<DmaLogging.Range>, changes: Partial<DmaLogging.Start> = {}): string =>
  Either.match(
    DmaLogging.checkStart(
      { pageSize: page, rangeCount: ranges.length, rangesAddress: 0n, ...changes },
      DmaLogging.encodeRanges(ranges)
    ),
    { onLeft: (error) => `${error._tag} ${error.refusal?.code}`, onRight: (accepted) => `${accepted.length} ranges` }
  )

const report = (changes: Partial<DmaLogging.Report>): string =>
  Either.match(DmaLogging.checkReport({ iova: 0n, length: page, pageSize: page, bitmapAddress: 0n, ...changes }), {
    onLeft: (error) => `${error._tag} ${error.refusal?.code}`,
    onRight: () => "accepted"
  })

it("START has the uAPI's layout, its reserved word zero", () => {
  const zero: DmaLogging.Start = { pageSize: 0n, rangeCount: 0, rangesAddress: 0n }
  assertLayout(zero, DmaLogging.encodeStart, DmaLogging.startBytes, [
    ["pageSize", 0, 8, { pageSize: ones64 }],
    ["rangeCount", 8, 4, { rangeCount: 0xffff_ffff }],
    ["rangesAddress", 16, 8, { rangesAddress: ones64 }]
  ])
  assert.strictEqual(DmaLogging.startBytes, 24)
})

it("a range has the uAPI's layout", () => {
  assertLayout(range(0n, 0n), (value) => DmaLogging.encodeRanges([value]), DmaLogging.rangeBytes, [
    ["iova", 0, 8, { iova: ones64 }],
    ["length", 8, 8, { length: ones64 }]
  ])
  assert.strictEqual(DmaLogging.rangeBytes, 16)
})

it("REPORT has the uAPI's layout", () => {
  const zero: DmaLogging.Report = { iova: 0n, length: 0n, pageSize: 0n, bitmapAddress: 0n }
  assertLayout(zero, DmaLogging.encodeReport, DmaLogging.reportBytes, [
    ["iova", 0, 8, { iova: ones64 }],
    ["length", 8, 8, { length: ones64 }],
    ["pageSize", 16, 8, { pageSize: ones64 }],
    ["bitmapAddress", 24, 8, { bitmapAddress: ones64 }]
  ])
  assert.strictEqual(DmaLogging.reportBytes, 32)
})

it.prop("decode inverts encode", [DmaLogging.Start, DmaLogging.Report], ([one, other]) => {
  assertRight(DmaLogging.decodeStart(DmaLogging.encodeStart(one)), one)
  assertRight(DmaLogging.decodeReport(DmaLogging.encodeReport(other)), other)
})

it("a struct that is not all there is a fault", () => {
  assert.strictEqual(Either.getOrThrow(Either.flip(DmaLogging.decodeStart(new Uint8Array(23))))._tag, "EFAULT")
  assert.strictEqual(Either.getOrThrow(Either.flip(DmaLogging.decodeReport(new Uint8Array(31))))._tag, "EFAULT")
})

it.prop(
  "disjoint whole pages are accepted as they were written",
  [Schema.Array(Schema.Int.pipe(Schema.between(0, 255))).pipe(Schema.minItems(1), Schema.maxItems(64))],
  ([pages]) => {
    const ranges = [...new Set(pages)].map((number) => range(BigInt(number) * page, page))
    const request = { pageSize: page, rangeCount: ranges.length, rangesAddress: 0n }
    assertRight(DmaLogging.checkStart(request, DmaLogging.encodeRanges(ranges)), ranges)
  }
)

it("every check of START has its errno and its code", () => {
  assert.strictEqual(start([]), "EINVAL vfio.logging.empty")
  assert.strictEqual(start([], { rangeCount: 257 }), "E2BIG vfio.logging.count")
  assert.strictEqual(start([range(0n, page)], { rangeCount: 2 }), "EFAULT vfio.buffer.short")
  assert.strictEqual(start([range(1n, page)]), "EINVAL vfio.logging.aligned")
  assert.strictEqual(start([range(0n, page + 1n)]), "EINVAL vfio.logging.aligned")
  assert.strictEqual(start([range(ones64 - page + 1n, page)]), "EOVERFLOW vfio.logging.end")
  assert.strictEqual(start([range(0n, 2n * page), range(page, page)]), "EINVAL vfio.logging.overlap")
})

it("the most ranges are accepted, and neighbours do not overlap", () => {
  const neighbours = Array.from({ length: DmaLogging.maxRanges }, (_, index) => range(BigInt(index) * page, page))
  assert.strictEqual(start(neighbours), "256 ranges")
  assert.strictEqual(start([...neighbours].reverse()), "256 ranges")
})

it("ranges are judged one by one: an early overlap comes before a late fault, and a fault before a later count", () => {
  const twice = [range(0n, page), range(0n, page)]
  assert.strictEqual(start(twice, { rangeCount: 3 }), "EINVAL vfio.logging.overlap")
  assert.strictEqual(start([range(0n, page), range(1n, ones64)], { rangeCount: 9 }), "EINVAL vfio.logging.aligned")
  assert.strictEqual(start([range(0n, page)], { rangeCount: 256 }), "EFAULT vfio.buffer.short")
})

it("the page size of START is a mask and not judged: 1 takes any range, 0 takes only zeroes", () => {
  assert.strictEqual(start([range(3n, 5n)], { pageSize: 1n }), "1 ranges")
  assert.strictEqual(start([range(0n, page)], { pageSize: 0n }), "EINVAL vfio.logging.aligned")
  assert.strictEqual(start([range(0n, 0n)], { pageSize: 0n }), "1 ranges")
  assert.strictEqual(start([range(4n, 8n)], { pageSize: 3n }), "1 ranges")
})

it("every check of REPORT has its errno and its code, the page size first", () => {
  assert.strictEqual(report({}), "accepted")
  assert.strictEqual(report({ pageSize: 2n * page }), "accepted")
  assert.strictEqual(report({ pageSize: 2048n }), "EINVAL vfio.logging.pageSize")
  assert.strictEqual(report({ pageSize: 0n }), "EINVAL vfio.logging.pageSize")
  assert.strictEqual(report({ pageSize: page + 1n, iova: ones64, length: ones64 }), "EINVAL vfio.logging.pageSize")
  assert.strictEqual(report({ iova: ones64, length: 1n }), "EOVERFLOW vfio.logging.end")
  assert.strictEqual(report({ iova: ones64 - 1n, length: 1n }), "accepted")
})
