/**
 * What a PF is: what it offers its VFs, the mailbox locks, and what stands behind it where it is emulated. Source:
 * `qat_common/adf_gen4_hw_data.h`, `adf_rl.h`, `adf_sriov.c`, `adf_heartbeat.h`.
 */
import { Schema } from "effect"
import { Setup, Sla } from "../mstate/Block.ts"
import { banksPerVf, vfsPerPf } from "../Registers.ts"

export const VfNumber = Schema.Int.pipe(Schema.between(0, vfsPerPf - 1))
/** A ring pair, by its number in the device. */
export const RingPair = Schema.Int.pipe(Schema.between(0, vfsPerPf * banksPerVf - 1))
/** Who holds a VF's mailbox lock: the PF while it serves a message, or a migration while it saves. */
export const Holder = Schema.Literal("service", "migration")
export type Holder = typeof Holder.Type
/** Milliseconds since the epoch, as the driver's clock had them. */
export const Millis = Schema.NonNegativeInt

/** Why a device restarts: somebody asked, or AER found an error and waits for the slot's reset. */
export const Cause = Schema.Literal("reset", "error")
export type Cause = typeof Cause.Type

/** What a heartbeat saw of a ring pair that had work to do. */
export const Beat = Schema.Struct({
  pair: RingPair,
  /** Requests executed and responses placed so far: what has to grow while there is work. */
  progress: Schema.NonNegativeInt,
  /** Heartbeats in a row that found it where the one before had. */
  stalled: Schema.NonNegativeInt
})
export type Beat = typeof Beat.Type

export const Heartbeat = Schema.Struct({
  /** Heartbeats asked for, and those that found the device unresponsive. */
  sent: Schema.NonNegativeInt,
  failed: Schema.NonNegativeInt,
  /** What the latest one found; null before the first. */
  alive: Schema.NullOr(Schema.Boolean),
  /** When the latest was, and when one last told the VFs of a fatal error. */
  checkedAt: Schema.NullOr(Millis),
  fatalAt: Schema.NullOr(Millis),
  beats: Schema.Array(Beat),
  /** A ring pair that an injected error makes look as if it hung, until the device restarts. */
  injected: Schema.NullOr(RingPair)
})
export type Heartbeat = typeof Heartbeat.Type

const options = {
  /** VFs that SR-IOV can enable, all at once: 1 to 16. */
  totalVfs: Schema.Int.pipe(Schema.between(1, vfsPerPf)),
  /** Whether a fatal error resets the device by itself. */
  autoReset: Schema.Boolean
}

/** How an emulated device is set up. */
export const PfOptions = Schema.Struct(options)
export type PfOptions = typeof PfOptions.Type

/** What stands behind an emulated PF. */
export const PfDevice = Schema.Struct({
  ...options,
  /** VFs that are enabled: none or all. */
  vfs: Schema.NonNegativeInt,
  /** The restart that is under way. */
  restart: Schema.NullOr(Cause),
  /** The channel failed for good: the device is gone. */
  lost: Schema.Boolean,
  heartbeat: Heartbeat
})
export type PfDevice = typeof PfDevice.Type

export const facts = {
  /** PCI device id: 0x4940, 0x4942 or 0x4944. */
  deviceId: Schema.Int,
  ...Setup.fields,
  rateLimiting: Schema.Boolean,
  slas: Schema.Array(Sla)
}

export const Pf = Schema.Struct({
  /** Events so far: the version that `PfFacts` carry. */
  version: Schema.NonNegativeInt,
  ...facts,
  /** Held mailbox locks by VF number. */
  locks: Schema.Record({ key: Schema.String, value: Holder }),
  /** What stands behind it; none in PFs of earlier releases, whose rules hold for them. */
  device: Schema.optionalWith(PfDevice, { exact: true })
})
export type Pf = typeof Pf.Type

export const initial: Pf = {
  version: 0,
  deviceId: 0,
  gencap: 0,
  svcmap: 0,
  extdc: 0,
  rateLimiting: false,
  slas: [],
  locks: {}
}

const noBeats: Heartbeat = {
  sent: 0,
  failed: 0,
  alive: null,
  checkedAt: null,
  fatalAt: null,
  beats: [],
  injected: null
}

/** The device after it was set up: anew, or with other options. */
export const setUp = (before: PfDevice | undefined, { autoReset, totalVfs }: PfOptions): PfDevice => ({
  vfs: 0,
  restart: null,
  heartbeat: noBeats,
  ...before,
  // A driver that comes to a device that was lost begins anew.
  lost: false,
  totalVfs,
  autoReset
})
