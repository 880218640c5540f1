/**
 * What an emulated device is beyond its registers: what its engine has done and still has to place, how often it interrupted, what it
 * wrote while DMA was logged. Only VFs of the register model `device` have it.
 */
import { HashMap, Schema } from "effect"
import { type Outcome, Packed, unpack } from "./Outcome.ts"
import { Mailbox } from "./pfvf/MailboxState.ts"
import { banksPerVf } from "./Registers.ts"
import { U32, U64 } from "./Unsigned.ts"

/** Requests that were executed together. */
export const Burst = Schema.Struct({
  count: Schema.NonNegativeInt,
  /** Pointer into ring 1 behind the responses, in bytes. */
  tail: U32,
  outcomes: Packed
})
export type Burst = typeof Burst.Type

/** Counts begin with the device, and go on over resets: together with the bank they name a request. */
export const EngineBank = Schema.Struct({
  /** Resets of the bank and new configurations of its rings: what was fetched before one is not answered after it. */
  generation: Schema.NonNegativeInt,
  /** Requests that were executed; of these, whose responses were placed. */
  executed: Schema.NonNegativeInt,
  placed: Schema.NonNegativeInt,
  /** Bursts, in order, whose responses have not all reached guest memory. */
  unplaced: Schema.Array(Burst)
})
export type EngineBank = typeof EngineBank.Type

/** Who wrote a page: the bank, and which of its requests. */
export const Writer = Schema.Struct({ bank: Schema.NonNegativeInt, request: Schema.NonNegativeInt })
export type Writer = typeof Writer.Type

/** A page that was written: its address divided by the page size, and who wrote it last. */
export interface DirtyPage extends Writer {
  readonly page: bigint
}

/** DMA logging that was started: pages written since then, or since they were last reported, with the last writer of each. */
export const DirtyLog = Schema.Struct({
  /** In bytes, a power of two. */
  pageSize: U64,
  ranges: Schema.Array(Schema.Struct({ iova: U64, length: U64 })),
  /** By page number: address divided by page size. */
  pages: Schema.HashMap({ key: U64, value: Writer })
})
export type DirtyLog = typeof DirtyLog.Type

export const VfDevice = Schema.Struct({
  banks: Schema.Array(EngineBank).pipe(Schema.itemsCount(banksPerVf)),
  /** Interrupts that the VF's one vector has given. */
  interrupts: Schema.NonNegativeInt,
  /** The PF has said that it restarts, and the VF has not said that it is ready. */
  restarting: Schema.Boolean,
  dirtyLog: Schema.NullOr(DirtyLog),
  /** Left out: as it comes up. */
  mailbox: Schema.optionalWith(Mailbox, { exact: true })
})
export type VfDevice = typeof VfDevice.Type

const emptyBank: EngineBank = { generation: 0, executed: 0, placed: 0, unplaced: [] }

/** A device as it comes up. */
export const initialDevice: VfDevice = {
  banks: Array.from({ length: banksPerVf }, () => emptyBank),
  interrupts: 0,
  restarting: false,
  dirtyLog: null
}

/** The bank's part; that of a device that has just come up if there is no such bank. */
export const engineBank = (device: VfDevice, bank: number): EngineBank => device.banks[bank] ?? emptyBank

/** How many responses a bank has still to place. */
export const unplacedCount = ({ unplaced }: EngineBank): number =>
  unplaced.reduce((total, { count }) => total + count, 0)

/** The outcomes of these responses, in order. */
export const unplacedOutcomes = ({ unplaced }: EngineBank): ReadonlyArray<Outcome> =>
  unplaced.flatMap(({ outcomes }) => unpack(outcomes))

/** The device with one bank's part changed. */
export const withEngineBank = (device: VfDevice, bank: number, change: (part: EngineBank) => EngineBank): VfDevice => ({
  ...device,
  banks: device.banks.map((part, index) => (index === bank ? change(part) : part))
})

/** The device after a reset of a bank, or a new configuration of its rings: what was not placed is dropped. */
export const anew = (device: VfDevice, bank: number): VfDevice =>
  withEngineBank(device, bank, (part) => ({ ...part, generation: part.generation + 1, unplaced: [] }))

/** Marks what is written at `address` (`length` bytes), as far as it is logged. */
export const mark = (log: DirtyLog, address: bigint, length: number, writer: Writer): DirtyLog => {
  if (length === 0) return log
  const last = address + BigInt(length) - 1n
  const logged = log.ranges.filter(({ iova, length: bytes }) => iova <= last && address < iova + bytes)
  if (logged.length === 0) return log
  const pages = HashMap.mutate(log.pages, (map) => {
    for (const { iova, length: bytes } of logged) {
      const from = (address > iova ? address : iova) / log.pageSize
      const to = (last < iova + bytes - 1n ? last : iova + bytes - 1n) / log.pageSize
      for (let page = from; page <= to; page++) HashMap.set(map, page, writer)
    }
  })
  return { ...log, pages }
}
