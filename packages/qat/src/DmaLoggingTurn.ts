/**
 * DMA logging of an emulated device: which pages it wrote, asked for by a VMM that copies memory while the guest runs. An extension: the kernel
 * driver has none, so kernel mode refuses it. Source: `include/uapi/linux/vfio.h`, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, _STOP, _REPORT.
 */
import { EINVAL, ENOTTY, type Errno } from "@stopcopy/errno"
import { HashMap } from "effect"
import * as Ops from "./MigrationOps.ts"
import { because, hex } from "./Refusals.ts"
import { accept, done, emit, refuse, type Turn, type VfDecision } from "./Turn.ts"
import type { VfCommand } from "./VfCommand.ts"
import { type DirtyLog, type DirtyPage, logPageBytes } from "./VfDevice.ts"

type Command<Tag extends VfCommand["_tag"]> = Extract<VfCommand, { readonly _tag: Tag }>

const isPowerOfTwo = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n

const unsupported = (): ENOTTY =>
  new ENOTTY(
    because(
      "dma.logging",
      "the device logs what it writes",
      "DMA logging",
      "a driver that has no DMA logging",
      "an emulated device in safe mode",
      "use safe mode, or track pages another way"
    )
  )

const notUsable = (turn: Turn): Errno | undefined =>
  Ops.requireOpen(turn) ?? (turn.state.device === undefined || turn.state.mode === "kernel" ? unsupported() : undefined)

const badPageSize = (size: bigint): EINVAL =>
  new EINVAL(
    because(
      "dma.page",
      "a page size is a power of two",
      "DMA logging",
      hex(size),
      "4096 or more",
      "use the page size of the host"
    )
  )

const wrongState = (found: string, wanted: string, remedy: string): EINVAL =>
  new EINVAL(
    because("dma.started", "logging is started once, and reported while it runs", "DMA logging", found, wanted, remedy)
  )

/** Starts logging: every page counts as clean. The page size is a hint; the log is as fine as it gets. `ENOTTY` without logging, `EINVAL` if it runs already. */
export const start = (turn: Turn, { pageSize, ranges }: Command<"StartDmaLogging">): VfDecision => {
  const unusable = notUsable(turn)
  if (unusable !== undefined) return refuse(turn, "start DMA logging", unusable)
  if (turn.state.device?.dirtyLog !== null) {
    return refuse(turn, "start DMA logging", wrongState("started", "stopped", "stop it first"))
  }
  if (!isPowerOfTwo(pageSize)) return refuse(turn, "start DMA logging", badPageSize(pageSize))
  emit(turn, { _tag: "DmaLoggingStarted", ranges })
  return done(turn)
}

/** Stops logging, and forgets what was not reported. Without a log nothing happens. */
export const stop = (turn: Turn): VfDecision => {
  const unusable = notUsable(turn)
  if (unusable !== undefined) return refuse(turn, "stop DMA logging", unusable)
  if (turn.state.device?.dirtyLog !== null) emit(turn, { _tag: "DmaLoggingStopped" })
  return done(turn)
}

/** The pages of `pageSize` in a range that have a logged page in them, in order. */
const pagesIn = (log: DirtyLog, iova: bigint, length: bigint, pageSize: bigint): ReadonlyArray<DirtyPage> => {
  const found = new Map<bigint, DirtyPage>()
  for (const [page, writer] of HashMap.entries(log.pages)) {
    const [from, to] = [page * logPageBytes, (page + 1n) * logPageBytes]
    if (to <= iova || from >= iova + length) continue
    const first = (from > iova ? from : iova) / pageSize
    const last = ((to < iova + length ? to : iova + length) - 1n) / pageSize
    for (let each = first; each <= last; each++) found.set(each, { page: each, ...writer })
  }
  return [...found.values()].sort((one, other) => (one.page < other.page ? -1 : 1))
}

/** Tells the pages of a range that were written; those of the log that lie in it whole count as clean from now on. `EINVAL` if logging does not run. */
export const report = (turn: Turn, { iova, length, pageSize }: Command<"ReportDmaLog">): VfDecision => {
  const unusable = notUsable(turn)
  if (unusable !== undefined) return refuse(turn, "report DMA log", unusable)
  const log = turn.state.device?.dirtyLog
  if (log === null || log === undefined) {
    return refuse(turn, "report DMA log", wrongState("stopped", "started", "start it first"))
  }
  if (!isPowerOfTwo(pageSize) || pageSize < logPageBytes) {
    return refuse(turn, "report DMA log", badPageSize(pageSize))
  }
  const pages = pagesIn(log, iova, length, pageSize)
  if (pages.length > 0) emit(turn, { _tag: "DmaLogReported", iova, length })
  return accept(turn, { _tag: "Pages", pages })
}
