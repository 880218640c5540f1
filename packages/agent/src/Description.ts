/** What a host says about its devices: everything that a preflight needs to judge whether a source fits a destination. */
import { MigrationState } from "@stopcopy/vfio"
import { Schema } from "effect"
import { EpochRecord } from "./Epoch.ts"
import { DeviceName, U32, U64, U8 } from "./Values.ts"

/** A rate-limiting promise of a PF. */
export const Sla = Schema.Struct({
  /** 0 asym, 1 sym, 2 compression, 3 decompression. */
  service: U32,
  /** Bit i is ring pair i of the whole device. */
  ringPairMask: U64,
  /** Committed and peak information rate. */
  cir: U32,
  pir: U32
})
export type Sla = typeof Sla.Type

/** What a PF offers its VFs. The rules over these are in `@stopcopy/qat`, `Compatibility`. */
export const Capabilities = Schema.Struct({
  /** Accelerator capability mask: the destination must have every bit of the source. */
  gencap: U32,
  /** Ring-to-service map: must be equal. */
  svcmap: Schema.Int.pipe(Schema.between(0, 0xffff)),
  /** Extended compression capability mask: the destination must have every bit of the source. */
  extdc: U32,
  /** Whether SLAs are enforced. Without it no VF has one. */
  rateLimiting: Schema.Boolean,
  /** SLAs of the whole device in slot order. */
  slas: Schema.Array(Sla),
  /** The newest mailbox version that the PF's driver knows; absent where the host does not say. */
  compatVersion: Schema.optionalWith(U8, { exact: true })
})
export type Capabilities = typeof Capabilities.Type

/** Something that a host cannot know of a device. A preflight judges nothing by it, and tells people so. */
export const Unknown = Schema.Struct({
  /** `capabilities`, `compat`, `digest`, `size`, `guest`; a host may have others. */
  code: Schema.NonEmptyString,
  /** What is not known, and what follows from that: one sentence each. */
  what: Schema.String,
  consequence: Schema.String
})
export type Unknown = typeof Unknown.Type

/** Whether the host knows nothing of this. */
export const isUnknown = ({ unknown = [] }: Pick<DeviceFacts, "unknown">, code: string): boolean =>
  unknown.some((one) => one.code === code)

/** What a device is, as long as its host does not change it. */
export const DeviceFacts = Schema.Struct({
  name: DeviceName,
  /** Which VF of its PF, from 0: an SLA binds a migration to the same number. */
  vfNumber: Schema.NonNegativeInt,
  /** Where the guest's VMM attaches: a UNIX socket that speaks vfio-user. */
  socketPath: Schema.String,
  /** What kind of device this is: a migration needs the same on both sides (`qat-gen4`). */
  deviceType: Schema.NonEmptyString,
  /** PCI device id. */
  deviceId: U32,
  /** Whether the driver's quirks are kept (`kernel`) or dropped (`safe`). */
  mode: Schema.Literal("kernel", "safe"),
  /** The mask of `MigrationFlags` in `@stopcopy/vfio`. */
  migrationFlags: U32,
  /** What the host cannot know; absent where it knows all of it. With `capabilities`, those of the PF say nothing of this device. */
  unknown: Schema.optionalWith(Schema.Array(Unknown), { exact: true })
})
export type DeviceFacts = typeof DeviceFacts.Type

/** How a device is at one moment. */
export const DeviceStatus = Schema.Struct({
  state: MigrationState,
  /** Whether its driver has it, and whether somebody has opened it. */
  lifecycle: Schema.Literal("unbound", "bound", "open"),
  /** Whether a guest's VMM is connected to its socket. */
  attached: Schema.Boolean,
  /** Whether the guest's VMM takes part in migrations, `Guest.ts`; absent where the host does not say. */
  guest: Schema.optionalWith(Schema.Boolean, { exact: true }),
  /** The mailbox version that the guest's driver has announced, 0 if it has not; absent where the host does not say. */
  compatVersion: Schema.optionalWith(U8, { exact: true })
})
export type DeviceStatus = typeof DeviceStatus.Type

/** One VF, whole. */
export const DeviceDescription = Schema.Struct({
  ...DeviceFacts.fields,
  ...DeviceStatus.fields,
  ...EpochRecord.fields
})
export type DeviceDescription = typeof DeviceDescription.Type

/** What a PF is. */
export const PfFacts = Schema.Struct({
  /** `pf0` */
  name: DeviceName,
  /** PCI device id and the name of the kind: 0x4940, `4xxx`. */
  deviceId: U32,
  deviceKind: Schema.NonEmptyString,
  capabilities: Capabilities
})
export type PfFacts = typeof PfFacts.Type

/** One PF with its VFs, in the order of their number. */
export const PfDescription = Schema.Struct({ ...PfFacts.fields, vfs: Schema.Array(DeviceDescription) })
export type PfDescription = typeof PfDescription.Type

/** A host with everything on it. */
export const HostDescription = Schema.Struct({
  host: Schema.NonEmptyString,
  /** Name and version of the program that serves the contract, for people. */
  program: Schema.String,
  contract: Schema.Int,
  /** Whether faults can be injected. */
  faults: Schema.Boolean,
  pfs: Schema.Array(PfDescription)
})
export type HostDescription = typeof HostDescription.Type

/** The devices of these names with their PFs, and nothing else: what a preflight needs of a host. */
export const onlyDevices = (host: HostDescription, names: ReadonlyArray<DeviceName>): HostDescription => ({
  ...host,
  pfs: host.pfs
    .map((pf) => ({ ...pf, vfs: pf.vfs.filter(({ name }) => names.includes(name)) }))
    .filter(({ vfs }) => vfs.length > 0)
})

/** One change of a device; each carries the whole status, so that a watcher that missed one is right again with the next. */
export const DeviceChange = Schema.Struct({ name: DeviceName, ...DeviceStatus.fields, ...EpochRecord.fields })
export type DeviceChange = typeof DeviceChange.Type
