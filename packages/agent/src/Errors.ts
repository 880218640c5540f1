/**
 * What can go wrong with a call besides an errno of the device. Errnos cross the wire as they are, with their refusal
 * (`@stopcopy/errno`). Each error names the value that was refused; `message` is for people.
 */
import { Errno } from "@stopcopy/errno"
import { Schema } from "effect"
import { DeviceName, Offset, SessionToken } from "./Values.ts"

/** The host has no device of this name. */
export class NoSuchDevice extends Schema.TaggedError<NoSuchDevice>()("NoSuchDevice", {
  device: Schema.String,
  /** The names that there are. */
  known: Schema.Array(DeviceName)
}) {
  override get message(): string {
    return `no device ${this.device} here; there are: ${this.known.length === 0 ? "none" : this.known.join(", ")}`
  }
}

/** The session is over, of the other direction, or was opened by another process of the host. */
export class NoSuchSession extends Schema.TaggedError<NoSuchSession>()("NoSuchSession", {
  device: DeviceName,
  session: SessionToken,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.device}: session ${this.session} ${this.reason}; take the token of the last SetState, or reset and begin again`
  }
}

/** A chunk that is neither the next nor the last one again. */
export class ChunkOutOfOrder extends Schema.TaggedError<ChunkOutOfOrder>()("ChunkOutOfOrder", {
  device: DeviceName,
  session: SessionToken,
  /** Where the call's chunk begins. */
  called: Offset,
  /** Where the next chunk begins. */
  expected: Offset,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.device}: chunk at ${this.called}, but the next begins at ${this.expected}: ${this.reason}`
  }
}

/** The call belongs to an epoch that is over: another device may be running the guest. */
export class StaleEpoch extends Schema.TaggedError<StaleEpoch>()("StaleEpoch", {
  device: DeviceName,
  called: Schema.NonNegativeInt,
  current: Schema.NonNegativeInt
}) {
  override get message(): string {
    return `${this.device}: epoch ${this.called} is over, the device is at ${this.current}; describe the device and decide again`
  }
}

/** The epoch is not too old, but the device does not stand in it as the call needs. */
export class EpochConflict extends Schema.TaggedError<EpochConflict>()("EpochConflict", {
  device: DeviceName,
  called: Schema.NonNegativeInt,
  current: Schema.NonNegativeInt,
  standing: Schema.String,
  rule: Schema.String,
  remedy: Schema.String
}) {
  override get message(): string {
    return `${this.device}: ${this.rule} (called with ${this.called}, ${this.standing} at ${this.current}); ${this.remedy}`
  }
}

/** The two sides of a vote do not have the same state. Nothing was recorded. */
export class DigestMismatch extends Schema.TaggedError<DigestMismatch>()("DigestMismatch", {
  device: DeviceName,
  called: Schema.String,
  own: Schema.String
}) {
  override get message(): string {
    return `${this.device}: has digest ${this.own} and not ${this.called}; compare the views of both sides`
  }
}

/** Too much is under way. Nothing was begun; the identical call may succeed later. */
export class HostBusy extends Schema.TaggedError<HostBusy>()("HostBusy", {
  /** The device with its queue full; none when it is the host as a whole. */
  device: Schema.NullOr(DeviceName),
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.device ?? "the host"} is busy: ${this.reason}; try again later`
  }
}

/** The host itself failed, such as a journal that cannot be written. What the call did is unknown. */
export class HostFailed extends Schema.TaggedError<HostFailed>()("HostFailed", {
  device: Schema.NullOr(DeviceName),
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.device ?? "the host"} failed: ${this.reason}; look at the state of the device before going on`
  }
}

/** The host cannot inject this: no such message kind, nothing of the kind to break, or injection is off. */
export class FaultRefused extends Schema.TaggedError<FaultRefused>()("FaultRefused", { reason: Schema.String }) {
  override get message(): string {
    return `fault refused: ${this.reason}`
  }
}

/** What every call about one device may fail with. */
export const DeviceError = Schema.Union(Errno, NoSuchDevice, HostBusy, HostFailed)
export type DeviceError = typeof DeviceError.Type

/** What every call that carries an epoch may fail with. */
export const EpochError = Schema.Union(DeviceError, StaleEpoch, EpochConflict)
export type EpochError = typeof EpochError.Type

/** What a call that moves migration data may fail with. */
export const TransferError = Schema.Union(EpochError, NoSuchSession, ChunkOutOfOrder)
export type TransferError = typeof TransferError.Type

/** What a vote may fail with. */
export const GrantError = Schema.Union(EpochError, DigestMismatch)
export type GrantError = typeof GrantError.Type
