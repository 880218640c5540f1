/**
 * Everything one VF is: registers, block, sizes, migration state, both sessions, the operation that is under way. The
 * consistency boundary of a device. Source: `docs/architecture.md`, "Who decides what"; objects of
 * `drivers/vfio/pci/qat/main.c` and `include/linux/qat/qat_mig_dev.h`.
 */
import { BytesFromBase64 } from "./Base64.ts"
import { MigrationState } from "@stopcopy/vfio"
import { Schema } from "effect"
import { Failure } from "./Failure.ts"
import { MigrationFile } from "./MigrationFile.ts"
import { blockBytes } from "./mstate/Layout.ts"
import { RegisterModel, reset } from "./RegisterFile.ts"
import { RegisterFileFromNames } from "./RegisterFileJson.ts"
import { U8 } from "./Unsigned.ts"
import { VfDevice } from "./VfDevice.ts"

/**
 * `kernel`: the driver's behaviour with all its quirks, which the reference vectors test. `safe`: the same protocol without
 * them; the table is in this package's README.
 */
export const Mode = Schema.Literal("kernel", "safe")
export type Mode = typeof Mode.Type

/** What an operation waits for: the next action of its interpreter. */
export const Waiting = Schema.Union(
  /** RPRESETCTL drain was written; RPRESETSTS is polled, at most 5 s. */
  Schema.TaggedStruct("Drain", { bank: Schema.Int }),
  /** The bank's coalesced interrupt may still come: wait for RPINTSOU, at most this long; null is for ever. */
  Schema.TaggedStruct("Coalescing", { bank: Schema.Int, limitMicros: Schema.NullOr(Schema.Int) }),
  /** The PF's mailbox lock of this VF, tried for 5 ms: a save reads the mailbox registers under it. */
  Schema.TaggedStruct("MailboxLock", {})
)
export type Waiting = typeof Waiting.Type

/** A walk to another state that has begun. One at a time; register access goes on meanwhile. */
export const Operation = Schema.Struct({
  id: Schema.NonNegativeInt,
  /** The state number asked for; anything may have been asked. */
  requested: Schema.Int,
  /** The arc that waits. */
  to: Schema.NullOr(MigrationState),
  waiting: Schema.NullOr(Waiting),
  /** Banks that this operation has drained, one bit each. */
  drained: Schema.Int,
  /** The file that its last arc produced. */
  file: Schema.NullOr(Schema.NonNegativeInt)
})
export type Operation = typeof Operation.Type

/** How the latest operation ended: what its waiter is told. */
export const Ended = Schema.Struct({
  id: Schema.NonNegativeInt,
  failure: Schema.NullOr(Failure),
  file: Schema.NullOr(Schema.NonNegativeInt)
})
export type Ended = typeof Ended.Type

export const Vf = Schema.Struct({
  /** `unbound`: no driver. `bound`: probed, closed. `open`: a user has it. */
  lifecycle: Schema.Literal("unbound", "bound", "open"),
  deviceId: Schema.Int,
  /** 0 to 15; its banks are banks 4 n to 4 n + 3 of the PF. */
  vfNumber: Schema.Int,
  mode: Mode,
  registerModel: RegisterModel,
  migrationState: MigrationState,
  registers: RegisterFileFromNames,
  /** What the PF remembers of the VF's mailbox: INIT seen, compatibility version announced. Bytes. */
  init: U8,
  compatVersion: U8,
  /** The migration block, 4096 bytes; both kinds of session use it, and it outlives them. */
  block: BytesFromBase64,
  /** Bytes of setup part that a save has put into the block; 0 before the first. */
  setupSize: Schema.Int,
  /** Bytes of setup part that a load has accepted, the offset of the state part; 0 before. */
  remoteSetupSize: Schema.Int,
  /** Banks that a suspend has stopped, one bit each. */
  stoppedBanks: Schema.Int,
  /** Number of the current file of each session. */
  saving: Schema.NullOr(Schema.NonNegativeInt),
  resuming: Schema.NullOr(Schema.NonNegativeInt),
  /** Files that somebody still holds, by number. */
  files: Schema.Record({ key: Schema.String, value: MigrationFile }),
  nextFile: Schema.NonNegativeInt,
  operation: Schema.NullOr(Operation),
  nextOperation: Schema.NonNegativeInt,
  ended: Schema.NullOr(Ended),
  /** How often the user has been told of an error (the ERR interrupt). */
  errorNotifications: Schema.NonNegativeInt,
  /** False: the device does not offer the P2P states. Left out: it does. */
  p2p: Schema.optionalWith(Schema.Boolean, { exact: true }),
  /** What stands behind the registers; none in the models `memory` and `derived`. */
  device: Schema.optionalWith(VfDevice, { exact: true })
})
export type Vf = typeof Vf.Type

export const initial: Vf = {
  lifecycle: "unbound",
  deviceId: 0,
  vfNumber: 0,
  mode: "safe",
  registerModel: "derived",
  migrationState: "RUNNING",
  registers: reset(),
  init: 0,
  compatVersion: 0,
  block: new Uint8Array(blockBytes),
  setupSize: 0,
  remoteSetupSize: 0,
  stoppedBanks: 0,
  saving: null,
  resuming: null,
  files: {},
  nextFile: 0,
  operation: null,
  nextOperation: 0,
  ended: null,
  errorNotifications: 0
}
