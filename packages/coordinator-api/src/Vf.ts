/** VFs of the whole fleet, and where each could move. */
import { DeviceDescription } from "@stopcopy/agent"
import { Refusal } from "@stopcopy/errno"
import { Schema } from "effect"
import { DeviceName, DeviceState, Devices, GroupName, HostName, optional, PfName, strict } from "./Values.ts"

/** A VF with where it is and what it belongs to. */
export const Vf = Schema.Struct({
  host: HostName,
  pf: PfName,
  ...DeviceDescription.fields,
  /** All VFs of its virtual machine; none if nobody has said. */
  group: Schema.NullOr(GroupName),
  /** The migration that it takes part in, as source or destination. */
  migration: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Vf" })
export type Vf = typeof Vf.Type

export const VfFilter = Schema.Struct({
  host: optional(HostName),
  pf: optional(PfName),
  state: optional(DeviceState)
}).annotations(strict)
export type VfFilter = typeof VfFilter.Type

/** A host, and what speaks against it; empty: the group could move there now, to these VFs. */
export const Placement = Schema.Struct({
  host: HostName,
  devices: Schema.Array(DeviceName),
  blockers: Schema.Array(Refusal)
}).annotations({ identifier: "Placement" })
export type Placement = typeof Placement.Type

/** The group that is to be placed: a VF for each `device`. */
export const PlacementQuery = Schema.Struct({ host: HostName, device: Devices }).annotations(strict)
export type PlacementQuery = typeof PlacementQuery.Type

/** What could move where: one entry for each group on a host, and each VF in none that a guest may run on. */
export const Compatibility = Schema.Struct({
  /** Null: nobody has said what the VF belongs to. */
  group: Schema.NullOr(GroupName),
  devices: Schema.Array(DeviceName),
  /** Why it can move nowhere, whatever the fleet has; then there are no placements. */
  blockers: Schema.Array(Refusal),
  /** One for each other host. */
  placements: Schema.Array(Placement)
}).annotations({ identifier: "Compatibility" })
export type Compatibility = typeof Compatibility.Type

/** The host whose groups are asked about. */
export const CompatibilityQuery = Schema.Struct({ host: HostName }).annotations(strict)

/** All VFs of one virtual machine: they move together, with one commit. */
export const Group = Schema.Struct({ name: GroupName, host: HostName, devices: Schema.Array(DeviceName) }).annotations({
  identifier: "Group"
})
export type Group = typeof Group.Type

/** What a group is to be. */
export const DefineGroup = Schema.Struct({ host: HostName, devices: Devices }).annotations({
  identifier: "DefineGroup",
  ...strict
})
export type DefineGroup = typeof DefineGroup.Type
