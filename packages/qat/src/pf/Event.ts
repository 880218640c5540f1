/** What can happen to one PF. A field is only ever added, with a default, so that every old journal still decodes. */
import { Schema } from "effect"
import { PfMessage } from "../DeviceEvent.ts"
import { Failure } from "../Failure.ts"
import { Sla } from "../mstate/Block.ts"
import { U32 } from "../Unsigned.ts"
import { Beat, Cause, facts, Holder, Millis, PfOptions, RingPair, VfNumber } from "./State.ts"

export const PfEvent = Schema.Union(
  /** `device`: what stands behind it. Left out: as before, at first nothing. */
  Schema.TaggedStruct("Configured", { ...facts, device: Schema.optionalWith(PfOptions, { exact: true }) }),
  Schema.TaggedStruct("SlaAdded", { sla: Sla }),
  Schema.TaggedStruct("SlaUpdated", { slot: Schema.NonNegativeInt, cir: U32, pir: U32 }),
  Schema.TaggedStruct("SlaRemoved", { slot: Schema.Int }),
  Schema.TaggedStruct("MailboxLocked", { vf: VfNumber, holder: Holder }),
  Schema.TaggedStruct("MailboxUnlocked", { vf: VfNumber }),
  Schema.TaggedStruct("VfsEnabled", { vfs: Schema.NonNegativeInt }),
  Schema.TaggedStruct("VfsDisabled", {}),
  /** VFs are told and reset from here on; `RestartEnded` when the device serves again. */
  Schema.TaggedStruct("RestartBegun", { cause: Cause }),
  Schema.TaggedStruct("RestartEnded", {}),
  /** AER: the channel failed for good. */
  Schema.TaggedStruct("DeviceLost", {}),
  /** The VF has not read a message within its second. */
  Schema.TaggedStruct("MessageUnread", { vf: VfNumber, message: PfMessage }),
  /** These VFs have not said in time that they are ready for a restart. */
  Schema.TaggedStruct("VfsStillRunning", { vfs: Schema.Array(VfNumber) }),
  /** `beats`: ring pairs that had work to do. */
  Schema.TaggedStruct("HeartbeatChecked", { at: Millis, alive: Schema.Boolean, beats: Schema.Array(Beat) }),
  Schema.TaggedStruct("HeartbeatErrorInjected", { pair: RingPair }),
  /** A heartbeat found the device unresponsive: its VFs are told. */
  Schema.TaggedStruct("FatalErrorFound", { at: Millis }),
  Schema.TaggedStruct("PfRefused", { operation: Schema.String, failure: Failure })
)
export type PfEvent = typeof PfEvent.Type
