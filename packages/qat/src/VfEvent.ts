/** What can happen to one VF. A field is only ever added, with a default, so that every old journal still decodes. */
import { BytesFromBase64 } from "./Base64.ts"
import { MigrationState } from "@stopcopy/vfio"
import { Schema } from "effect"
import { deviceEvents } from "./DeviceEvent.ts"
import { Failure } from "./Failure.ts"
import * as MigrationFile from "./MigrationFile.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { RegisterModel } from "./RegisterFile.ts"
import { RegisterFileFromNames } from "./RegisterFileJson.ts"
import { U32, U8 } from "./Unsigned.ts"
import { Mode, Waiting } from "./VfState.ts"

/** A place in the migration block, in bytes; its end included. */
const BlockOffset = Schema.Int.pipe(Schema.between(0, blockBytes))
/** An offset in a BAR, in bytes. */
const BarOffset = Schema.Int.pipe(Schema.between(0, 0x7fff_ffff))

/** Steps of a probe, in order; unwinding goes back through those that were done. */
export const ProbeStep = Schema.Literal("match", "core init", "VF index", "create", "init", "register")
export type ProbeStep = typeof ProbeStep.Type

/**
 * A register write of a load: space 0 is BAR0 (bank stride 0x2000), space 1 the VF's block in the PF's PMISC BAR; offset in
 * bytes; value.
 */
export const RegisterWrite = Schema.Tuple(Schema.Literal(0, 1), Schema.Int, U32)
export type RegisterWrite = typeof RegisterWrite.Type

const lifecycle = [
  Schema.TaggedStruct("Probed", {
    deviceId: Schema.Int,
    vfNumber: Schema.Int,
    mode: Mode,
    registerModel: RegisterModel,
    registers: RegisterFileFromNames,
    init: U8,
    compatVersion: U8,
    /** False: the device does not offer the P2P states. Left out: it does. */
    p2p: Schema.optionalWith(Schema.Boolean, { exact: true })
  }),
  /** `unwound`: what had been done and was undone, in the order of undoing. */
  Schema.TaggedStruct("ProbeFailed", { step: ProbeStep, failure: Failure, unwound: Schema.Array(ProbeStep) }),
  Schema.TaggedStruct("Removed", {}),
  /** Core enabled, private data allocated, state RUNNING. */
  Schema.TaggedStruct("Opened", {}),
  Schema.TaggedStruct("OpenFailed", { step: Schema.Literal("core enable", "private data"), failure: Failure }),
  /** The migration device's private data are gone. */
  Schema.TaggedStruct("PrivateDataFreed", {}),
  Schema.TaggedStruct("Closed", {}),
  /** A function reset is done. `cleared`: registers are 0 again (the plain-memory model keeps them). */
  Schema.TaggedStruct("ResetDone", { cleared: Schema.Boolean }),
  /** A reset before the migration device exists has no effect on migration. */
  Schema.TaggedStruct("ResetIgnored", {}),
  /** AER: the user is told by the ERR interrupt; recovery is a reset. */
  Schema.TaggedStruct("ErrorNotified", {}),
  Schema.TaggedStruct("Refused", { operation: Schema.String, failure: Failure })
] as const

const transitions = [
  Schema.TaggedStruct("OperationStarted", { id: Schema.NonNegativeInt, requested: Schema.Int }),
  /** The arc to `to` waits; the interpreter acts and reports the outcome. */
  Schema.TaggedStruct("ArcWaits", { to: MigrationState, waiting: Waiting }),
  /** RPRESETSTS bit 0 came: the bank fetches nothing and all that it had fetched is answered. */
  Schema.TaggedStruct("BankDrained", { bank: Schema.Int }),
  Schema.TaggedStruct("DrainTimedOut", { bank: Schema.Int }),
  Schema.TaggedStruct("CoalescingQuiesced", { bank: Schema.Int }),
  /** RPRESETSTS written with 1: these banks (one bit each) run again. */
  Schema.TaggedStruct("BanksReleased", { banks: Schema.Int }),
  Schema.TaggedStruct("MailboxLockTaken", {}),
  Schema.TaggedStruct("MailboxLockTimedOut", {}),
  Schema.TaggedStruct("ArcTaken", { from: MigrationState, to: MigrationState }),
  Schema.TaggedStruct("OperationEnded", {
    id: Schema.NonNegativeInt,
    failure: Schema.NullOr(Failure),
    file: Schema.NullOr(Schema.NonNegativeInt)
  })
] as const

const block = [
  /** Safe mode, at the start of a session: the block is zeroed and both setup sizes are 0. */
  Schema.TaggedStruct("BlockCleared", {}),
  Schema.TaggedStruct("SetupSaved", { pfVersion: Schema.Int, bytes: BytesFromBase64 }),
  Schema.TaggedStruct("StateSaved", { offset: BlockOffset, pfVersion: Schema.Int, bytes: BytesFromBase64 }),
  /** The mailbox lock was not to be had: general state and an empty misc header are in the block. */
  Schema.TaggedStruct("StateSaveUnfinished", { offset: BlockOffset, bytes: BytesFromBase64 }),
  Schema.TaggedStruct("SessionStarted", { kind: MigrationFile.Kind, file: Schema.NonNegativeInt }),
  Schema.TaggedStruct("SessionsEnded", {}),
  Schema.TaggedStruct("BlockReceived", { offset: BlockOffset, bytes: BytesFromBase64 }),
  /** A write from inaccessible memory zeroes the bytes that it should have filled. */
  Schema.TaggedStruct("BlockWiped", { offset: BlockOffset, length: BlockOffset }),
  /** All of the setup part has arrived and was held against the PF; `refusal` of the failure says what does not fit. */
  Schema.TaggedStruct("SetupJudged", { size: Schema.Int, pfVersion: Schema.Int, failure: Schema.NullOr(Failure) }),
  /** The setup size that a load will use; 0 when a refused setup part is forgotten. */
  Schema.TaggedStruct("RemoteSetupSized", { size: Schema.Int }),
  /** A load reached the device with these effects, in order; with a failure they are what it had done by then. */
  Schema.TaggedStruct("StateLoaded", {
    pfVersion: Schema.Int,
    init: Schema.NullOr(U8),
    compatVersion: Schema.NullOr(U8),
    writes: Schema.Array(RegisterWrite),
    failure: Schema.NullOr(Failure)
  })
] as const

const guest = [
  /** A 32-bit write by the guest. `offset` in bytes of BAR0 or BAR2. */
  Schema.TaggedStruct("RegisterWritten", { bar: Schema.Literal(0, 2), offset: BarOffset, value: U32 }),
  /** The PF handled the VF's mailbox message: both mailbox words and what the PF remembers, afterwards. */
  Schema.TaggedStruct("MailboxHandled", {
    message: Schema.String,
    vm2pf: U32,
    pf2vm: Schema.NullOr(U32),
    init: U8,
    compatVersion: U8,
    /** The answer waits until the VF has read the notification that is in PF2VM. */
    queued: Schema.optionalWith(U32, { exact: true }),
    /** The type is not known: the PF does not notice the VF's doorbell any more. */
    masked: Schema.optionalWith(Schema.Literal(true), { exact: true })
  })
] as const

/** Any event of a VF's turn, those of its files included. */
export const VfEvent = Schema.Union(
  ...lifecycle,
  ...transitions,
  ...block,
  ...guest,
  ...deviceEvents,
  MigrationFile.Event
)
export type VfEvent = typeof VfEvent.Type
