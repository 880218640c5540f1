/**
 * Which pages a log of DMA has: those of responses and data that reached guest memory, or may have. Source: `include/uapi/linux/vfio.h`,
 * VFIO_DEVICE_FEATURE_DMA_LOGGING_START and _REPORT.
 */
import { HashMap } from "effect"
import { responseBytes } from "./Outcome.ts"
import { type RegisterFile, ringBase } from "./RegisterFile.ts"
import { receive } from "./Registers.ts"
import {
  type DirtyLog,
  engineBank,
  logPageBytes,
  unplacedCount,
  unplacedOutcomes,
  type VfDevice,
  type Writer
} from "./VfDevice.ts"

/** Marks what is written at `address` (`length` bytes), as far as it is logged. */
const mark = (log: DirtyLog, address: bigint, length: number, writer: Writer): DirtyLog => {
  if (length === 0) return log
  const last = address + BigInt(length) - 1n
  const logged = log.ranges.filter(({ iova, length: bytes }) => iova <= last && address < iova + bytes)
  if (logged.length === 0) return log
  const pages = HashMap.mutate(log.pages, (map) => {
    for (const { iova, length: bytes } of logged) {
      const from = (address > iova ? address : iova) / logPageBytes
      const to = (last < iova + bytes - 1n ? last : iova + bytes - 1n) / logPageBytes
      for (let page = from; page <= to; page++) HashMap.set(map, page, writer)
    }
  })
  return { ...log, pages }
}

/**
 * The device with all marked that the unplaced outcomes of a bank write: before they are forgotten, because they are placed, or because the bank starts
 * anew and nobody can tell how far they came. `registers`: as they stood when the outcomes were placed.
 */
export const withUnplacedMarked = (device: VfDevice, registers: RegisterFile, bank: number): VfDevice => {
  const part = engineBank(device, bank)
  if (device.dirtyLog === null || part.unplaced === null) return device
  const base = ringBase(registers, bank, receive)
  const first = part.executed - unplacedCount(part)
  let log = device.dirtyLog
  unplacedOutcomes(part).forEach(({ responseSlot, written }, index) => {
    const writer = { bank, request: first + index }
    for (const { address, length } of written) log = mark(log, address, length, writer)
    log = mark(log, base + BigInt(responseSlot * responseBytes), responseBytes, writer)
  })
  // The engine leaves a witness in the slot behind a burst.
  const writer = { bank, request: part.executed - 1 }
  return { ...device, dirtyLog: mark(log, base + BigInt(part.unplaced.tail), responseBytes, writer) }
}

/** The log after a report of a range (bytes): the pages that lie in it whole are clean. */
export const withoutReported = (log: DirtyLog, iova: bigint, length: bigint): DirtyLog => ({
  ...log,
  pages: HashMap.filter(log.pages, (_, page) => {
    const address = page * logPageBytes
    return address < iova || address + logPageBytes > iova + length
  })
})
