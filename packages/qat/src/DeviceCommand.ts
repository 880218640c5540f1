/** What can be asked of an emulated device behind its registers: outcomes of its engine, ends of timers, messages, DMA logging. */
import { Schema } from "effect"
import { PfFacts } from "./Compatibility.ts"
import { Bank, PfMessage, Ring } from "./DeviceEvent.ts"
import { Packed, Response } from "./Outcome.ts"
import { U32, U64 } from "./Unsigned.ts"

/** Where the engine stands: what it reports of an earlier generation, or of another place, is stale and changes nothing. */
const place = { bank: Bank, generation: Schema.NonNegativeInt }

export const deviceCommands = [
  /** `from` and `head`: pointers into ring 0 before and after these requests, `tail` the one into ring 1 after their responses, in bytes. */
  Schema.TaggedStruct("EngineExecuted", {
    ...place,
    from: U32,
    head: U32,
    tail: U32,
    count: Schema.NonNegativeInt,
    outcomes: Packed
  }),
  Schema.TaggedStruct("EngineAmended", {
    ...place,
    slot: Schema.NonNegativeInt,
    response: Response,
    reason: Schema.Literal("write fault", "interrupted write")
  }),
  /** All unplaced responses, `count` of them, are in guest memory. */
  Schema.TaggedStruct("EnginePlaced", { ...place, count: Schema.NonNegativeInt }),
  Schema.TaggedStruct("EngineFaulted", { ...place, ring: Ring, address: U64 }),
  Schema.TaggedStruct("CoalescingRanOut", { bank: Bank }),
  /** A 32-bit write to VM2PF: what the PF answers depends on what it offers. */
  Schema.TaggedStruct("WriteMailbox", {
    value: U32,
    pf: PfFacts,
    /** How the PF's reset of a bank fails, should the guest ask for one. Left out: it does not. */
    ringPairReset: Schema.optionalWith(Schema.Literal("timeout", "unsupported"), { exact: true })
  }),
  Schema.TaggedStruct("NotifyVf", { message: PfMessage }),
  Schema.TaggedStruct("ResetRingPair", { bank: Bank }),
  /** The PF listens to its VFs anew: after a restart, and where SR-IOV was enabled, which forgets what it knew of them. */
  Schema.TaggedStruct("RestartMailbox", { forget: Schema.Boolean }),
  Schema.TaggedStruct("StartDmaLogging", {
    pageSize: U64,
    ranges: Schema.Array(Schema.Struct({ iova: U64, length: U64 }))
  }),
  Schema.TaggedStruct("StopDmaLogging", {}),
  Schema.TaggedStruct("ReportDmaLog", { iova: U64, length: U64, pageSize: U64 })
] as const
