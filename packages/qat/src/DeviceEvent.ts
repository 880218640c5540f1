/** What can happen to an emulated device behind its registers: work, interrupts, exceptions, messages of the PF, logged DMA. */
import { Schema } from "effect"
import { Packed, Response } from "./Outcome.ts"
import { U32, U64 } from "./Unsigned.ts"

/** A bank of the VF, and a ring of a bank. */
export const Bank = Schema.Int.pipe(Schema.between(0, 3))
export const Ring = Schema.Int.pipe(Schema.between(0, 1))
/** A pointer of a ring, in bytes. */
const Pointer = U32

/** Messages that a PF sends of itself. */
export const PfMessage = Schema.Literal("RESTARTING", "RESTARTED", "FATAL_ERROR")
export type PfMessage = typeof PfMessage.Type

export const deviceEvents = [
  /**
   * Requests were fetched and executed, in ring order; `head` is where the next one will be, `tail` where the next response. Recorded before
   * anything of it reaches guest memory.
   */
  Schema.TaggedStruct("RequestsExecuted", {
    bank: Bank,
    generation: Schema.NonNegativeInt,
    from: Pointer,
    head: Pointer,
    tail: Pointer,
    count: Schema.NonNegativeInt,
    outcomes: Packed
  }),
  /** What an outcome wrote, or was to write, did not come out: its response is this one. */
  Schema.TaggedStruct("OutcomeAmended", {
    bank: Bank,
    slot: Schema.NonNegativeInt,
    response: Response,
    reason: Schema.Literal("write fault", "interrupted write")
  }),
  /** All responses that were unplaced, `count` of them, are in guest memory, with all that their requests write; `tail` lies behind them. */
  Schema.TaggedStruct("ResponsesPlaced", { bank: Bank, tail: Pointer, count: Schema.NonNegativeInt }),
  /** A ring's own memory could not be reached: the bank has an exception and stands still until it is reset. */
  Schema.TaggedStruct("RingFaulted", { bank: Bank, ring: Ring, address: U64 }),
  /** The bank's coalescing timer has run out. */
  Schema.TaggedStruct("CoalescingElapsed", { bank: Bank }),
  /** Before the device runs: interrupts for all that is pending, since the migration block does not carry them. */
  Schema.TaggedStruct("InterruptsDerived", {}),
  /** The VF's vector is given. `pending`: bits 3:0 banks, bit 4 a message of the PF. */
  Schema.TaggedStruct("InterruptRaised", { pending: Schema.NonNegativeInt }),
  /** A bank was reset, as the guest or the PF wished. */
  Schema.TaggedStruct("RingPairReset", { bank: Bank }),
  /** The PF put a message into PF2VM that nobody had asked for. */
  Schema.TaggedStruct("PfMessageSent", { message: PfMessage, pf2vm: U32 }),
  /** The PF listens to the VF again, whatever unknown message had come. `forgotten`: INIT and version, too. */
  Schema.TaggedStruct("MailboxRestarted", { forgotten: Schema.Boolean }),
  /** The VF has read the notification that its answer waited for. */
  Schema.TaggedStruct("QueuedAnswerSent", { pf2vm: U32 }),
  Schema.TaggedStruct("DmaLoggingStarted", {
    ranges: Schema.Array(Schema.Struct({ iova: U64, length: U64 }))
  }),
  Schema.TaggedStruct("DmaLoggingStopped", {}),
  /** These pages were told, and count as clean again. */
  Schema.TaggedStruct("DmaLogReported", { iova: U64, length: U64 })
] as const

export const DeviceEvent = Schema.Union(...deviceEvents)
export type DeviceEvent = typeof DeviceEvent.Type
