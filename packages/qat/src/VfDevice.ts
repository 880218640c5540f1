/**
 * What an emulated device is beyond its registers: what its engine has done and still has to place, how often it interrupted, what it
 * wrote while DMA was logged. Only VFs of the register model `device` have it.
 */
import { Schema } from "effect"
import { type Outcome, Packed, unpack } from "./Outcome.ts"
import { Mailbox } from "./pfvf/MailboxState.ts"
import { banksPerVf } from "./Registers.ts"
import { U32, U64 } from "./Unsigned.ts"

/** Requests that were executed together. The next ones are, once the responses of these are placed. */
export const Burst = Schema.Struct({
  count: Schema.NonNegativeInt,
  /** Pointer into ring 1 behind the responses, in bytes. */
  tail: U32,
  outcomes: Packed
})
export type Burst = typeof Burst.Type

/** Counts begin with the device, and go on over resets: together with the bank they name a request. */
export const EngineBank = Schema.Struct({
  /** Resets of the bank, and writes that set up one of its rings: what was fetched before one is not answered after it. */
  generation: Schema.NonNegativeInt,
  /** Requests that were executed; of these, whose responses were placed. */
  executed: Schema.NonNegativeInt,
  placed: Schema.NonNegativeInt,
  /** What was executed last, until its responses are recorded as placed. */
  unplaced: Schema.NullOr(Burst)
})
export type EngineBank = typeof EngineBank.Type

/** Who wrote a page: the bank, and which of its requests. */
export const Writer = Schema.Struct({ bank: Schema.NonNegativeInt, request: Schema.NonNegativeInt })
export type Writer = typeof Writer.Type

/** A page that was written: its address divided by the page size that was asked for, and who wrote it last. */
export interface DirtyPage extends Writer {
  readonly page: bigint
}

/** DMA logging that was started: pages written since then, or since they were last reported, with the last writer of each. */
export const DirtyLog = Schema.Struct({
  ranges: Schema.Array(Schema.Struct({ iova: U64, length: U64 })),
  /** By page number: address divided by `logPageBytes`. */
  pages: Schema.HashMap({ key: U64, value: Writer })
})
export type DirtyLog = typeof DirtyLog.Type

/** Size of the pages in a log, in bytes, whatever size was asked for: a report can be of any part of a larger page then. */
export const logPageBytes = 4096n

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

const emptyBank: EngineBank = { generation: 0, executed: 0, placed: 0, unplaced: null }

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
export const unplacedCount = ({ unplaced }: EngineBank): number => unplaced?.count ?? 0

/** The outcomes of these responses, in order. */
export const unplacedOutcomes = ({ unplaced }: EngineBank): ReadonlyArray<Outcome> =>
  unplaced === null ? [] : unpack(unplaced.outcomes)

/** The device with one bank's part changed. */
export const withEngineBank = (device: VfDevice, bank: number, change: (part: EngineBank) => EngineBank): VfDevice => ({
  ...device,
  banks: device.banks.map((part, index) => (index === bank ? change(part) : part))
})
