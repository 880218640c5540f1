/** DMA logging: START, STOP, REPORT. Text and library differ in which ranges can be reported; the form of a report is the same. */
import { DeviceFeature as Vfio } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import * as DmaLoggingReport from "../../messages/DmaLoggingReport.ts"
import * as DmaLoggingStart from "../../messages/DmaLoggingStart.ts"
import { type Bench, good } from "../Bench.ts"
import { type Clause, clause, library, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL, ENOENT, ENOTSUP } from "../errnos.ts"
import { isGood } from "../Facts.ts"
import { memoryBase } from "../GuestMemory.ts"
import { dmaMap, feature, getFeature, none, SET } from "../requests.ts"

const page = 4096n
const pages = 70n

export const startLogging = (pageSize: bigint, length = pages * page): Uint8Array =>
  feature(
    Vfio.DMA_LOGGING_START.index | SET,
    DmaLoggingStart.encode({ pageSize, ranges: [{ iova: memoryBase, length }] })
  )
const stopLogging = (): Uint8Array => feature(Vfio.DMA_LOGGING_STOP.index | SET, new Uint8Array(16))
const reportOf = (pageSize: bigint, length: bigint, iova = memoryBase): Uint8Array =>
  DmaLoggingReport.encode({ iova, length, pageSize, bitmap: none })

const reportBytes = (length: bigint, pageSize = page): number =>
  DmaLoggingReport.headBytes + Number(DmaLoggingReport.bitmapBytes(length, pageSize))

/** Asks for a report; gives the bitmap, or the errno. */
export const report = (bench: Bench, length = pages * page) =>
  Effect.gen(function* () {
    const bytes = reportBytes(length)
    const request = getFeature(Vfio.DMA_LOGGING_REPORT.index, bytes, reportOf(page, length))
    const reply = yield* bench.answers(Command.DEVICE_FEATURE, request)
    if (!isGood(reply)) return reply.error
    if (reply.payload.byteLength === 8 + bytes) return reply.payload.subarray(8 + DmaLoggingReport.headBytes)
    return yield* new Broken({
      expected: `${bytes} bytes of report: one bit a page, whole words of 64`,
      found: `${reply.payload.byteLength - 8} bytes`
    })
  })

const ask = (bench: Bench, payload: Uint8Array) =>
  Effect.flatMap(bench.answers(Command.DEVICE_FEATURE, payload), (reply) => good(reply))

const refuse = (bench: Bench, what: string, payload: Uint8Array, errnos: ReadonlyArray<number> = [EINVAL]) =>
  bench.refuses(what, Command.DEVICE_FEATURE, payload, errnos)

const startAndStop = (bench: Bench) =>
  Effect.gen(function* () {
    yield* ask(bench, stopLogging())
    yield* ask(bench, startLogging(page))
    yield* ask(bench, startLogging(page))
    yield* refuse(bench, "another page size while logging", startLogging(2n * page))
    yield* ask(bench, stopLogging())
    yield* ask(bench, stopLogging())
  })

const wrongStarts = (bench: Bench) =>
  Effect.gen(function* () {
    yield* refuse(bench, "page size 0", startLogging(0n))
    yield* refuse(bench, "no data", feature(Vfio.DMA_LOGGING_START.index | SET, none, 24))
    yield* refuse(bench, "data cut short", startLogging(page).subarray(0, 20))
    yield* refuse(bench, "a report while nothing is logged", getFeature(8, reportBytes(page), reportOf(page, page)))
    yield* bench.lives
  })

const wrongReports = (bench: Bench) =>
  Effect.gen(function* () {
    yield* ask(bench, startLogging(page))
    // libvfio-user looks for the map first.
    const refuseReport = (what: string, payload: Uint8Array) => refuse(bench, what, payload, [EINVAL, ENOENT, ENOTSUP])
    const wanted = (pageSize: bigint, length: bigint, bytes: number) => getFeature(8, bytes, reportOf(pageSize, length))
    yield* refuseReport("page size 0", wanted(0n, page, 64))
    yield* refuseReport("a page size that is no power of two", wanted(5000n, 10_000n, 64))
    yield* refuseReport("less room than the bitmap", wanted(page, 70n * page, reportBytes(70n * page) - 1))
    yield* refuseReport("data cut short", getFeature(8, 64, reportOf(page, page).subarray(0, 12)))
    yield* ask(bench, stopLogging())
    yield* bench.lives
  })

const clean = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.succeeds(Command.DMA_MAP, dmaMap(memoryBase, pages * page))
    yield* ask(bench, startLogging(page))
    const bits = yield* report(bench)
    yield* ask(bench, stopLogging())
    if (typeof bits === "number") {
      if (bits !== EINVAL && bits !== ENOENT) {
        return yield* new Broken({ expected: "a report, EINVAL or ENOENT", found: `errno ${bits}` })
      }
      return "refused for memory without a descriptor, as libvfio-user does"
    }
    if (bits.some((byte) => byte !== 0)) return yield* new Broken({ expected: "no page written", found: "some" })
    return undefined
  })

const sources = [
  uapi("struct vfio_device_feature_dma_logging_control, _report"),
  textOf("DEVICE_FEATURE"),
  library("lib/dma.c; test/py/test_dirty_pages.py")
]

const parts = (name: string, rule: string, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, needs: ["migration", "DMA logging"], check })

export const logging: ReadonlyArray<Clause> = [
  parts("logging.start", "logging starts and stops, also twice, with one page size", startAndStop),
  parts("logging.malformed", "a malformed START, and a report while nothing is logged, are refused", wrongStarts),
  parts("logging.report.malformed", "a malformed REPORT is refused", wrongReports),
  parts("logging.clean", "of a device that wrote nothing no page is reported", clean)
]
