/** A host as the fleet knows it: where its agent is, what that said last, whether it answers, and what an operator keeps free of guests. */
import { type DeviceDescription, PfDescription } from "@stopcopy/agent"
import { Schema } from "effect"

/** Milliseconds since 1970. Time enters with commands. */
export const Time = Schema.Finite

/** What is kept free of new guests, since when, why, and by which evacuation if it was one. */
export const Cordon = Schema.Struct({
  since: Time,
  reason: Schema.String,
  evacuation: Schema.NullOr(Schema.String)
})
export type Cordon = typeof Cordon.Type

/** A host that was registered and not yet described is `unknown`. */
const Health = Schema.Struct({
  state: Schema.Literal("unknown", "reachable", "unreachable"),
  since: Time,
  /** Why it does not answer; empty if it does. */
  reason: Schema.String
})

export const HostRecord = Schema.Struct({
  /** The host's name. */
  id: Schema.String,
  /** Where its agent is served, as `Addresses.format` of `@stopcopy/agent` writes it. */
  address: Schema.String,
  /** What its agent said last; none before that. */
  pfs: Schema.Array(PfDescription),
  describedAt: Schema.NullOr(Time),
  health: Health,
  cordon: Schema.NullOr(Cordon),
  /** Cordoned PFs. A PF need not be described to be cordoned. */
  pfCordons: Schema.Array(Schema.Struct({ id: Schema.String, ...Cordon.fields }))
})
export type HostRecord = typeof HostRecord.Type

/** A VF with the PF that it is of. */
export interface Located {
  readonly host: HostRecord
  readonly pf: PfDescription
  readonly vf: DeviceDescription
}

/** Devices by name of PFs that were asked before. A description never changes, so what is kept for it is good for as long as it lives. */
const known = new WeakMap<PfDescription, ReadonlyMap<string, DeviceDescription>>()

/** By PF, since a change of one device makes a new description of its PF, and leaves the others of the host as they are. */
const devicesOf = (pf: PfDescription): ReadonlyMap<string, DeviceDescription> => {
  const before = known.get(pf)
  if (before !== undefined) return before
  const devices = new Map(pf.vfs.map((vf) => [vf.name, vf] as const))
  known.set(pf, devices)
  return devices
}

/** The VF with this name; undefined if the host has none. */
export const locate = (host: HostRecord, device: string): Located | undefined => {
  for (const pf of host.pfs) {
    const vf = devicesOf(pf).get(device)
    if (vf !== undefined) return { host, pf, vf }
  }
  return undefined
}

/** Names of a host's VF and PF in the whole fleet. Names of hosts have no colon, so no two things have the same. */
export const keyOf = (host: string, thing: string): string => `${host}:${thing}`
