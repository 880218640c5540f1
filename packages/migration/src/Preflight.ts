/**
 * Whether a source fits a destination: every rule over the descriptions of both sides, all blockers at once, nothing touched. Also those that the
 * driver would judge only while the source stands still: SLAs name device-wide ring pairs, so a VF that has one fits only the same VF number.
 * Source: `qat_common/adf_gen4_vf_mig.c` by way of `Compatibility` of `@stopcopy/qat`.
 */
import {
  type Capabilities,
  type DeviceDescription,
  type HostDescription,
  isUnknown,
  type PfDescription
} from "@stopcopy/agent"
import type { Refusal } from "@stopcopy/errno"
import { Compatibility } from "@stopcopy/qat"
import { MigrationFlags, type MigrationState } from "@stopcopy/vfio"
import type { Member, Order, Side } from "./Order.ts"

/** Before anything was touched, or in pre-copy, just before the switchover. */
export type Moment = "first" | "again"

/** One VF with the PF that it belongs to. */
export interface Found {
  readonly pf: PfDescription
  readonly vf: DeviceDescription
}

export const find = (host: HostDescription, name: string): Found | undefined => {
  for (const pf of host.pfs) {
    const vf = pf.vfs.find((one) => one.name === name)
    if (vf !== undefined) return { pf, vf }
  }
  return undefined
}

const namesOf = (host: HostDescription): string =>
  host.pfs.flatMap(({ vfs }) => vfs.map(({ name }) => name)).join(", ") || "none of the group"

/** A rule with both values; `where` is added by whoever knows the pair. */
type Said = Omit<Refusal, "where">

const said = (code: string, rule: string, source: string, destination: string, remedy: string): Said => ({
  code: `migration.${code}`,
  rule,
  source,
  destination,
  remedy
})

const equal = (
  code: string,
  what: string,
  source: string | number,
  destination: string | number
): ReadonlyArray<Said> =>
  source === destination
    ? []
    : [said(code, `both devices have the same ${what}`, `${source}`, `${destination}`, "choose another destination")]

/** A device that moves alone has no peer in its group that it could talk to: then nobody needs P2P states. */
const flagsNeeded = (members: number): ReadonlyArray<readonly [string, number, string]> => [
  ["STOP_COPY", MigrationFlags.STOP_COPY, "a device that moves advertises STOP_COPY"],
  ...(members > 1 ? [["P2P", MigrationFlags.P2P, "every device of a group advertises P2P"] as const] : [])
]

const flagRules = (side: Side, { migrationFlags, name }: DeviceDescription, members: number): ReadonlyArray<Said> =>
  flagsNeeded(members)
    .filter(([, bit]) => (migrationFlags & bit) === 0)
    .map(([flag, , rule]) => {
      const has = `${name} has ${MigrationFlags.describe(migrationFlags)}`
      return said(
        `flags.${flag.toLowerCase()}`,
        rule,
        side === "source" ? has : flag,
        side === "source" ? flag : has,
        "move this VM while it is off, or use devices that advertise it"
      )
    })

const readyFor: Readonly<Record<Moment, Readonly<Record<Side, ReadonlyArray<MigrationState>>>>> = {
  first: { source: ["RUNNING"], destination: ["RUNNING", "STOP", "ERROR"] },
  again: { source: ["PRE_COPY"], destination: ["RESUMING"] }
}

/** `flags`: what both sides have. Without pre-copy the source runs on as it did. */
const stateRules = (side: Side, vf: DeviceDescription, moment: Moment, flags: number): ReadonlyArray<Said> => {
  const runsOn = side === "source" && (flags & MigrationFlags.PRE_COPY) === 0
  const allowed = readyFor[runsOn ? "first" : moment][side]
  const bad: Array<Said> = []
  const refuse = (code: string, rule: string, is: string, wanted: string, remedy: string) => {
    const [source, destination] = side === "source" ? [is, wanted] : [wanted, is]
    bad.push(said(`${side}.${code}`, rule, source, destination, remedy))
  }
  if (!allowed.includes(vf.state)) {
    const remedy = "end what is under way with this device, then try again"
    refuse("state", `the ${side} is in ${allowed.join(" or ")}`, vf.state, allowed.join(" or "), remedy)
  }
  if (vf.lifecycle !== "open") {
    refuse("lifecycle", `the ${side}'s driver has the device open`, vf.lifecycle, "open", "bind and open the device")
  }
  if (side === "source" && vf.standing !== "held") {
    const remedy = "look for the side that holds a newer epoch: the guest may be there"
    refuse("standing", "the source holds its epoch", `${vf.standing} at ${vf.epoch}`, "held", remedy)
  }
  if (side === "destination" && moment === "first" && vf.attached && vf.standing === "held") {
    const remedy = "detach the guest that uses it; or fence the device, if its guest only waits for this migration"
    refuse("attached", "no guest uses the destination", "attached, and may run", "free", remedy)
  }
  return bad
}

const factsOf = ({ extdc, gencap, rateLimiting, slas, svcmap }: Capabilities): Compatibility.PfFacts => ({
  version: 0,
  gencap,
  svcmap,
  extdc,
  rateLimiting,
  slas
})

/** A guest that has agreed on a newer mailbox with its PF would not be understood; the driver never refuses it. */
const compatRule = (source: Found, destination: Found): ReadonlyArray<Said> => {
  const { compatVersion: agreed = 0 } = source.vf
  const { compatVersion: offered } = destination.pf.capabilities
  if (offered === undefined || agreed <= offered) return []
  const remedy = `choose a destination whose PF driver has version ${agreed} or later`
  return [
    said("compat.above", "the destination's PF knows the VF's mailbox version", `${agreed}`, `${offered}`, remedy)
  ]
}

/** What one side does not know cannot be compared. */
const capabilityRules = (source: Found, destination: Found): ReadonlyArray<Refusal> => {
  if (isUnknown(source.vf, "capabilities") || isUnknown(destination.vf, "capabilities")) return []
  const [from, to] = [factsOf(source.pf.capabilities), factsOf(destination.pf.capabilities)]
  return [
    ...Compatibility.setupRefusals(from, to),
    ...Compatibility.slaRefusals(Compatibility.slasOfVf(from, source.vf.vfNumber), to, destination.vf.vfNumber)
  ]
}

const absent = (side: Side, name: string, host: HostDescription): Said => {
  const [is, there] = [name, `there are: ${namesOf(host)}`]
  const [source, destination] = side === "source" ? [is, there] : [there, is]
  return said(`${side}.absent`, `host ${host.host} has the device`, source, destination, "correct the name")
}

const pairRules = (member: Member, sides: Sides, moment: Moment, members: number): ReadonlyArray<Refusal> => {
  const where = `${member.source} -> ${member.destination}`
  const placed = (bad: Said): Refusal => ({ ...bad, where })
  const [source, destination] = [find(sides.source, member.source), find(sides.destination, member.destination)]
  const missing = [
    ...(source === undefined ? [absent("source", member.source, sides.source)] : []),
    ...(destination === undefined ? [absent("destination", member.destination, sides.destination)] : [])
  ]
  if (source === undefined || destination === undefined) return missing.map(placed)
  const flags = source.vf.migrationFlags & destination.vf.migrationFlags
  return [
    ...equal("type.equal", "type", source.vf.deviceType, destination.vf.deviceType).map(placed),
    ...equal("device-id.equal", "PCI device id", source.vf.deviceId, destination.vf.deviceId).map(placed),
    ...flagRules("source", source.vf, members).map(placed),
    ...flagRules("destination", destination.vf, members).map(placed),
    ...stateRules("source", source.vf, moment, flags).map(placed),
    ...stateRules("destination", destination.vf, moment, flags).map(placed),
    ...compatRule(source, destination).map(placed),
    ...capabilityRules(source, destination).map((bad) => ({ ...bad, where: `${where}: ${bad.where}` }))
  ]
}

/** A device is named once on its side, and is not its own destination. */
const nameRules = ({ destination, members, source }: Order): ReadonlyArray<Refusal> => {
  const once = (side: Side): ReadonlyArray<Refusal> =>
    members
      .filter((member, at) => members.findIndex((other) => other[side] === member[side]) < at)
      .map((member) => ({
        ...said("group.twice", "a device is in the group once", member.source, member.destination, "name it once"),
        where: `${side} ${member[side]}`
      }))
  const itself = members
    .filter((member) => source === destination && member.source === member.destination)
    .map((member) => ({
      ...said("group.itself", "a device moves to another one", member.source, member.destination, "choose another"),
      where: `${source} ${member.source}`
    }))
  return [...once("source"), ...once("destination"), ...itself]
}

/** What both hosts say of themselves. */
export interface Sides {
  readonly source: HostDescription
  readonly destination: HostDescription
}

/** Everything that speaks against this migration now; empty if nothing does. */
export const preflight = (order: Order, sides: Sides, moment: Moment = "first"): ReadonlyArray<Refusal> => [
  ...nameRules(order),
  ...order.members.flatMap((member) => pairRules(member, sides, moment, order.members.length))
]
