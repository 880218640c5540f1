/** What can be asked of one PF. Whatever the world decides (time, users, an IOMMU) is a field: deciding again gives the same events. */
import { Schema } from "effect"
import { PfMessage } from "../DeviceEvent.ts"
import { Sla } from "../mstate/Block.ts"
import { U32 } from "../Unsigned.ts"
import { Cause, facts, Holder, Millis, PfOptions, RingPair, VfNumber } from "./State.ts"

export const PfCommand = Schema.Union(
  /** The device comes up, or its configuration changes: all of it. `device`: it is emulated. */
  Schema.TaggedStruct("Configure", { ...facts, device: Schema.optionalWith(PfOptions, { exact: true }) }),
  Schema.TaggedStruct("AddSla", { sla: Sla }),
  /** New rates; service and ring pairs stay. */
  Schema.TaggedStruct("UpdateSla", { slot: Schema.Int, cir: U32, pir: U32 }),
  Schema.TaggedStruct("RemoveSla", { slot: Schema.Int }),
  /** Taking a lock that the same holder has is no change. */
  Schema.TaggedStruct("LockMailbox", { vf: VfNumber, holder: Holder }),
  /** Only the holder unlocks. */
  Schema.TaggedStruct("UnlockMailbox", { vf: VfNumber, holder: Holder }),
  /** `sriov_numvfs`: any number but 0 enables all. `users`: who uses the device or its VFs now. `memory`: 0, or the errno of having none. */
  Schema.TaggedStruct("SetVfs", {
    vfs: Schema.Int,
    iommu: Schema.Boolean,
    users: Schema.Array(Schema.String),
    memory: Schema.NonNegativeInt
  }),
  /** While a restart is under way this is no change. */
  Schema.TaggedStruct("BeginRestart", { cause: Cause }),
  Schema.TaggedStruct("EndRestart", {}),
  Schema.TaggedStruct("LoseDevice", {}),
  Schema.TaggedStruct("NoteUnread", { vf: VfNumber, message: PfMessage }),
  Schema.TaggedStruct("NoteRunning", { vfs: Schema.Array(VfNumber) }),
  /** `working`: ring pairs that have work to do, with what they have done so far; `unplaced`: responses are on their way. */
  Schema.TaggedStruct("CheckHeartbeat", {
    at: Millis,
    working: Schema.Array(Schema.Struct({ pair: RingPair, progress: Schema.NonNegativeInt, unplaced: Schema.Boolean }))
  }),
  Schema.TaggedStruct("InjectHeartbeatError", { pair: RingPair })
)
export type PfCommand = typeof PfCommand.Type
