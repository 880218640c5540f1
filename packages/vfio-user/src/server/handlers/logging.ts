/** DMA logging: START, STOP and REPORT over the device's own log. Source: section 15 of the vfio-user specification. */
import type { EINVAL } from "@stopcopy/errno"
import { DmaLogging, type DmaLog } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as DmaLoggingReport from "../../messages/DmaLoggingReport.ts"
import * as DmaLoggingStart from "../../messages/DmaLoggingStart.ts"
import { type Answer, type Client, noPayload } from "../Client.ts"
import { bitmapOf, checkBitmap } from "./bitmaps.ts"

const wrong = (where: string, source: string | bigint, destination: string): Either.Either<never, EINVAL> =>
  Either.left(refuse("logging", "logging is started once, with whole pages", where, source, destination, "stop first"))

const withLog = <E>(client: Client<E>, use: (log: DmaLog<E>) => Answer<E>): Answer<E> => {
  const { dmaLog } = client.served.device
  return dmaLog === undefined ? wrong("DMA log", "none", "a device that logs") : use(dmaLog)
}

/** START again with the same page size is a success and changes nothing. */
export const loggingStart = <E>(client: Client<E>, data: Uint8Array): Answer<E> =>
  withLog(client, (log) => {
    const { served } = client
    const start = Either.flatMap(DmaLoggingStart.decode(data), ({ pageSize }) => checkPageSize(pageSize))
    if (Either.isLeft(start)) return Either.left(start.left)
    const pageSize = start.right
    if (served.loggingPageSize === pageSize) return Either.right(noPayload)
    if (served.loggingPageSize !== undefined) return wrong("page_size", pageSize, `${served.loggingPageSize}`)
    const ranges = rangesOf(data, pageSize)
    if (Either.isLeft(ranges)) return Either.left(ranges.left)
    return Effect.map(log.start(pageSize, ranges.right), () => {
      served.loggingPageSize = pageSize
      return noPayload
    })
  })

const checkPageSize = (pageSize: bigint): Either.Either<bigint, EINVAL> =>
  pageSize === 0n || (pageSize & (pageSize - 1n)) !== 0n
    ? wrong("page_size", pageSize, "a power of two")
    : Either.right(pageSize)

/** The ranges stand in the data as the kernel finds them in memory. None at all means the whole address space. */
const rangesOf = (data: Uint8Array, pageSize: bigint): ReturnType<typeof DmaLogging.checkStart> => {
  const rangeCount = new DataView(data.buffer, data.byteOffset).getUint32(8, true)
  if (rangeCount === 0) return Either.right([{ iova: 0n, length: (1n << 64n) - pageSize }])
  const ranges = data.subarray(DmaLoggingStart.headBytes)
  return DmaLogging.checkStart({ pageSize, rangeCount, rangesAddress: 0n }, ranges)
}

/** Also a success when nothing is logged. */
export const loggingStop = <E>(client: Client<E>): Answer<E> =>
  withLog(client, (log) => {
    if (client.served.loggingPageSize === undefined) return Either.right(noPayload)
    return Effect.map(log.stop, () => {
      client.served.loggingPageSize = undefined
      return noPayload
    })
  })

/** The pages of any range that were written since they were last reported, as a bitmap; `room` in bytes. */
export const loggingReport = <E>(client: Client<E>, data: Uint8Array, room: number): Answer<E> =>
  withLog(client, (log) => {
    const report = DmaLoggingReport.decode(data)
    if (Either.isLeft(report)) return Either.left(report.left)
    const { iova, length, pageSize } = report.right
    if (client.served.loggingPageSize === undefined) return wrong("logging", "off", "on")
    const most = Math.min(room - DmaLoggingReport.headBytes, client.served.options.maxDataXferSize)
    const bytes = checkBitmap(iova, length, pageSize, most)
    if (Either.isLeft(bytes)) return Either.left(bytes.left)
    return Effect.map(log.report(iova, length, pageSize), (pages) =>
      DmaLoggingReport.encode({ iova, length, pageSize, bitmap: bitmapOf(pages, iova, pageSize, bytes.right) })
    )
  })
