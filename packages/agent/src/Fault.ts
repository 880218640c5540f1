/** Faults as data: what goes wrong, where, at which time it is met, how often. A host for development injects them. */
import { Schema } from "effect"
import { DeviceName, U32 } from "./Values.ts"

/** What goes wrong. */
export const FaultKind = Schema.Union(
  /** The message is handled that much later. */
  Schema.TaggedStruct("Delay", { millis: Schema.Int.pipe(Schema.between(1, 600_000)) }),
  /** The message is not handled and not answered. */
  Schema.TaggedStruct("Drop", {}),
  /** The message is refused with this Linux errno, positive; nothing is done. */
  Schema.TaggedStruct("Fail", { errno: Schema.Int.pipe(Schema.between(1, 4095)) }),
  /** The message is handled, its answer is lost. */
  Schema.TaggedStruct("LoseAnswer", {}),
  /** A drain never ends by itself: its banks stay busy. */
  Schema.TaggedStruct("HangDrain", {}),
  /** Migration data that leaves the device has this byte, counted from the beginning, changed: exclusive or with `mask`. */
  Schema.TaggedStruct("CorruptBlock", { offset: U32, mask: Schema.Int.pipe(Schema.between(1, 0xff)) }),
  /** The PF never answers this message of the VF's mailbox. */
  Schema.TaggedStruct("LoseMailboxAnswer", {}),
  /** The PF of the device restarts, with everything its VFs are told. */
  Schema.TaggedStruct("ResetPf", {}),
  /** The process of the host ends at once, as by SIGKILL. */
  Schema.TaggedStruct("AbortProcess", {})
)
export type FaultKind = typeof FaultKind.Type

/** Which messages meet the fault. */
export const FaultTarget = Schema.Struct({
  /** None: every device. */
  device: Schema.NullOr(DeviceName),
  /**
   * The kind of message, as the host names it: a command of vfio-user (`REGION_READ`), an operation of migration (`SetState`, `Save`,
   * `Resume`, `Reset`, `Drain`), `Mailbox`. None: every kind that the fault can be met by.
   */
  message: Schema.NullOr(Schema.NonEmptyString.pipe(Schema.maxLength(64)))
})
export type FaultTarget = typeof FaultTarget.Type

/** A fault to be injected. */
export const Fault = Schema.Struct({
  kind: FaultKind,
  target: FaultTarget,
  /** The first message that meets it, counted from 1 among those of the target. */
  nth: Schema.Int.pipe(Schema.positive()),
  /** How many messages meet it, one after the other. */
  count: Schema.Int.pipe(Schema.positive())
})
export type Fault = typeof Fault.Type

/** A fault that is injected. It stays listed, with its hits, until it is cleared. */
export const InjectedFault = Schema.Struct({
  /** Unique in the life of the host's process. */
  id: Schema.Int.pipe(Schema.positive()),
  ...Fault.fields,
  /** How many messages of the target came by since it was injected. */
  seen: Schema.NonNegativeInt,
  /** How many of them met it. Spent when this is `count`. */
  hits: Schema.NonNegativeInt
})
export type InjectedFault = typeof InjectedFault.Type
