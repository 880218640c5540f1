/**
 * What can be asked of one VF. Whatever the world decides (PF values, whether a file can be made, how a drain ended) is a
 * field: deciding again from the stored command gives the same events.
 */
import { BytesFromBase64 } from "./Base64.ts"
import { Schema } from "effect"
import { PfFacts } from "./Compatibility.ts"
import { deviceCommands } from "./DeviceCommand.ts"
import { RegisterModel } from "./RegisterFile.ts"
import { RegisterFileFromNames } from "./RegisterFileJson.ts"
import { U8, Whole } from "./Unsigned.ts"
import { Mode } from "./VfState.ts"

/** A Linux errno, positive, or 0 for success: the outcome of a step that is not ours. */
const Outcome = Schema.NonNegativeInt

/** The world around a step of a walk. */
export const Surroundings = Schema.Struct({
  pf: PfFacts,
  /** Whether a migration file can be created now: 0, or the errno that creating one would give. */
  fileCreation: Outcome,
  /**
   * Nobody has the PF's mailbox lock of this VF: a save that is part of this turn need not take it, nothing can come in between. Left out: it has to be taken
   * first.
   */
  mailbox: Schema.optionalWith(Schema.Literal("free"), { exact: true })
})
export type Surroundings = typeof Surroundings.Type

/** The PF's migration ops by name; a driver that lacks one is refused. */
export const opNames = [
  "init",
  "cleanup",
  "reset",
  "open",
  "close",
  "suspend",
  "resume",
  "save_state",
  "load_state",
  "save_setup",
  "load_setup"
] as const

const Probe = Schema.TaggedStruct("Probe", {
  vendor: Schema.Int,
  deviceId: Schema.Int,
  mode: Mode,
  registerModel: RegisterModel,
  /** Registers as the device comes up. */
  registers: RegisterFileFromNames,
  init: U8,
  compatVersion: U8,
  coreInit: Outcome,
  /** Negative: the function is no VF. */
  vfIndex: Schema.Int,
  /** Ops of the PF's driver; null when the PF has no accelerator object. */
  pfOps: Schema.NullOr(Schema.Array(Schema.String)),
  /** Memory for the migration device, and for its block. */
  allocateDevice: Outcome,
  allocateBlock: Outcome,
  register: Outcome,
  /** Whether the device offers the P2P states. Default true. */
  p2p: Schema.optionalWith(Schema.Boolean, { exact: true })
})

const access = { file: Schema.NonNegativeInt, positioned: Schema.Boolean, faulting: Schema.Boolean }

export const VfCommand = Schema.Union(
  Probe,
  Schema.TaggedStruct("Remove", {}),
  Schema.TaggedStruct("Open", { coreEnable: Outcome, allocatePrivateData: Outcome }),
  Schema.TaggedStruct("Close", {}),
  Schema.TaggedStruct("ResetDone", {}),
  Schema.TaggedStruct("ErrorDetected", {}),
  /**
   * `requested`: any state number. `idle`: the banks 0 to `idle` have nothing under way, a suspend need not wait for them. Left out: that is not known of any.
   * `closes`: the user gives back the file of a session that ends with this turn, as it would do next. Left out: it may go on to hold it.
   */
  Schema.TaggedStruct("SetState", {
    requested: Schema.Int,
    idle: Schema.optionalWith(Schema.Int, { exact: true }),
    closes: Schema.optionalWith(Schema.Literal(true), { exact: true }),
    ...Surroundings.fields
  }),
  /**
   * `bank` names the drain that has ended: an outcome that comes twice must not count for the next bank. `until`: banks behind it, up to that one, had nothing to wait for
   * either.
   */
  Schema.TaggedStruct("DrainEnded", {
    operation: Schema.Int,
    bank: Schema.Int,
    drained: Schema.Boolean,
    until: Schema.optionalWith(Schema.Int, { exact: true }),
    ...Surroundings.fields
  }),
  Schema.TaggedStruct("CoalescingEnded", { operation: Schema.Int, bank: Schema.Int, ...Surroundings.fields }),
  Schema.TaggedStruct("MailboxLockEnded", { operation: Schema.Int, taken: Schema.Boolean, ...Surroundings.fields }),
  Schema.TaggedStruct("ReadFile", { ...access, length: Schema.BigInt }),
  /** `bytes` are the first of `length` bytes; what is missing is zero. More than 4096 are never needed. */
  Schema.TaggedStruct("WriteFile", {
    ...access,
    length: Schema.BigInt,
    bytes: BytesFromBase64,
    pf: PfFacts
  }),
  /** `argument`: the caller's memory at the argument pointer. */
  Schema.TaggedStruct("IoctlFile", {
    file: Schema.NonNegativeInt,
    command: Schema.Int,
    argument: BytesFromBase64
  }),
  Schema.TaggedStruct("CloseFile", { file: Schema.NonNegativeInt }),
  /** Conformance tests only. */
  Schema.TaggedStruct("ForceFilePosition", { file: Schema.NonNegativeInt, position: Whole }),
  /** A 32-bit write by the guest; `offset` in bytes, a multiple of 4. */
  Schema.TaggedStruct("WriteRegister", { bar: Schema.Literal(0, 2), offset: Schema.Int, value: Schema.Int }),
  ...deviceCommands
)
export type VfCommand = typeof VfCommand.Type
