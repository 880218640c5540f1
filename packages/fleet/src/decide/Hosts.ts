/** Decides what is said about hosts, PFs and groups. */
import { Addresses, DeviceChange, PfDescription } from "@stopcopy/agent"
import type { Refusal } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import type { CommandOf } from "../Command.ts"
import { accept, type Decision, refuse, unless } from "../Decision.ts"
import { type HostRecord, keyOf, locate } from "../Host.ts"
import * as Tables from "../internal/Table.ts"
import { because, unknown } from "../Refused.ts"
import { type Fleet, hostLimit } from "../State.ts"
import { nameRefusals } from "./names.ts"

/** VFs of one host. */
const vfLimit = 4096

/** Goes on with the host, or refuses. */
const withHost = (state: Fleet, name: string, otherwise: (host: HostRecord) => Decision): Decision => {
  const host = Tables.get(state.hosts, name)
  return host === undefined ? refuse("unknown", unknown("host", name, "register it first")) : otherwise(host)
}

const hostName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const addressOwner = (state: Fleet, host: string, address: string): ReadonlyArray<Refusal> => {
  const owner = state.hosts.find((other) => other.address === address && other.id !== host)
  if (owner === undefined) return []
  const remedy = "give the agent's own address, or remove the other host"
  return [
    because("fleet.host.address.taken", "two hosts have two agents", host, address, `that of ${owner.id}`, remedy)
  ]
}

export const registerHost = (state: Fleet, { address, at, host }: CommandOf<"RegisterHost">): Decision => {
  const parsed = Addresses.parse(address)
  if (!hostName.test(host)) {
    const rule =
      "a host's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit"
    return refuse("invalid", because("fleet.host.name", rule, "host", host, String(hostName), "choose another name"))
  }
  if (Either.isLeft(parsed)) {
    const remedy = "write unix:/path/of/socket, host:port, or a port"
    return refuse(
      "invalid",
      because("fleet.host.address", "a host has the address of its agent", host, address, parsed.left, remedy)
    )
  }
  const written = Addresses.format(parsed.right)
  const before = Tables.get(state.hosts, host)
  if (before?.address === written) return accept([])
  if (before === undefined && state.hosts.length >= hostLimit) {
    const [source, remedy] = [`${hostLimit + 1} hosts`, "remove a host first"]
    return refuse(
      "limit",
      because("fleet.host.limit", "a fleet has so many hosts", host, source, `${hostLimit}`, remedy)
    )
  }
  return unless("conflict", addressOwner(state, host, written), () =>
    accept([{ _tag: "HostRegistered", host, address: written, at }])
  )
}

export const removeHost = (state: Fleet, { host }: CommandOf<"RemoveHost">): Decision =>
  withHost(state, host, () => {
    const busy = state.migrations.filter(({ from, to }) => from === host || to === host)
    const evacuation = state.evacuations.find((one) => one.host === host)
    const what = [
      ...busy.slice(0, 3).map(({ id }) => `migration ${id}`),
      ...(evacuation === undefined ? [] : [`evacuation ${evacuation.id}`])
    ]
    if (what.length === 0) return accept([{ _tag: "HostRemoved", host }])
    const rule = "a host goes when no migration and no evacuation touches it"
    const found = busy.length > 3 ? `${what.join(", ")} and more` : what.join(", ")
    return refuse(
      "conflict",
      because("fleet.host.busy", rule, host, "remove", found, "cancel them, or wait for their end")
    )
  })

const samePfs = Schema.equivalence(Schema.Array(PfDescription))

const doubled = (host: string, names: ReadonlyArray<string>): ReadonlyArray<Refusal> => {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return []
  const rule = "a name stands for one thing on a host"
  return [because("fleet.host.doubled", rule, host, twice, "named twice", "correct the agent's description")]
}

export const describeHost = (state: Fleet, { at, host, name, pfs }: CommandOf<"DescribeHost">): Decision =>
  withHost(state, host, (record) => {
    if (name !== host) {
      const rule = "the agent at a host's address must call itself by the host's name"
      return refuse(
        "conflict",
        because(
          "fleet.host.identity",
          rule,
          record.address,
          host,
          name,
          `register it as ${name}, or correct the address`
        )
      )
    }
    const count = pfs.reduce((sum, { vfs }) => sum + vfs.length, 0)
    if (count > vfLimit) {
      return refuse(
        "limit",
        because("fleet.host.vfs", "a host has so many VFs", host, `${count}`, `${vfLimit}`, "enable fewer VFs")
      )
    }
    const names = new Set(pfs.flatMap((pf) => pf.vfs.map((vf) => vf.name)))
    const twice =
      names.size === count
        ? []
        : doubled(
            host,
            pfs.flatMap((pf) => pf.vfs.map((vf) => vf.name))
          )
    return unless(
      "invalid",
      [
        ...doubled(
          host,
          pfs.map((pf) => pf.name)
        ),
        ...twice
      ],
      () => {
        const isSame = record.describedAt !== null && samePfs(record.pfs, pfs)
        return accept(isSame ? [] : [{ _tag: "HostDescribed", host, pfs, at }])
      }
    )
  })

export const noteDevice = (state: Fleet, { change, host }: CommandOf<"NoteDevice">): Decision =>
  withHost(state, host, (record) => {
    const vf = locate(record, change.name)?.vf
    if (vf === undefined) {
      return refuse("unknown", unknown("vf", keyOf(host, change.name), "describe the host again"))
    }
    const isSame = sameChange(change, { ...change, ...pick(vf) })
    return accept(isSame ? [] : [{ _tag: "DeviceNoted", host, change }])
  })

const sameChange = Schema.equivalence(DeviceChange)
const pick = ({ attached, digest, epoch, lifecycle, standing, state }: DeviceChange) => ({
  attached,
  digest,
  epoch,
  lifecycle,
  standing,
  state
})

export const noteHealth = (state: Fleet, { at, host, reachable, reason }: CommandOf<"NoteHealth">): Decision =>
  withHost(state, host, ({ health }) => {
    const isSame = health.state === (reachable ? "reachable" : "unreachable")
    // Since when is what counts: that it is still so is no news.
    return accept(isSame ? [] : [{ _tag: "HealthNoted", host, reachable, reason: reachable ? "" : reason, at }])
  })

const withPf = (state: Fleet, host: string, pf: string | null, otherwise: (host: HostRecord) => Decision): Decision =>
  withHost(state, host, (record) => {
    if (pf === null || record.pfs.some(({ name }) => name === pf)) return otherwise(record)
    const remedy = `choose one of: ${record.pfs.map(({ name }) => name).join(", ") || "none is known"}`
    return refuse("unknown", unknown("pf", keyOf(host, pf), remedy))
  })

export const cordon = (state: Fleet, { at, host, pf, reason }: CommandOf<"Cordon">): Decision =>
  withPf(state, host, pf, () => {
    if (reason.trim() !== "") return accept([{ _tag: "Cordoned", host, pf, reason, evacuation: null, at }])
    const where = pf === null ? host : keyOf(host, pf)
    const rule = "a cordon says why, to whoever finds it"
    return refuse("invalid", because("fleet.cordon.reason", rule, where, "no reason", "a reason", "give a reason"))
  })

/** What is not cordoned stays so. A PF that is gone can still be uncordoned. */
export const uncordon = (state: Fleet, { host, pf }: CommandOf<"Uncordon">): Decision =>
  withHost(state, host, ({ cordon: whole, pfCordons }) => {
    const isCordoned = pf === null ? whole !== null : Tables.has(pfCordons, pf)
    if (isCordoned) return accept([{ _tag: "Uncordoned", host, pf }])
    return withPf(state, host, pf, () => accept([]))
  })

/** Why these devices cannot be this group. */
const groupRefusals = (state: Fleet, group: string, host: string, devices: ReadonlyArray<string>) =>
  devices.flatMap((device): ReadonlyArray<Refusal> => {
    const owner = Tables.get(state.members, keyOf(host, device))?.group
    if (owner === undefined || owner === group) return []
    const rule = "a VF belongs to one group"
    return [because("fleet.group.member", rule, keyOf(host, device), group, owner, `take it out of ${owner} first`)]
  })

/** A group that moves stays as it is until it has. */
const busyGroup = (state: Fleet, group: string): ReadonlyArray<Refusal> => {
  const before = Tables.get(state.groups, group)
  const held = before?.devices.map((device) => Tables.get(state.reserved, keyOf(before.host, device))?.migration)
  const migration = held?.find((id) => id !== undefined)
  if (migration === undefined) return []
  const rule = "a group that migrates stays as it is"
  return [because("fleet.group.busy", rule, group, "another group", `migration ${migration}`, "wait for its end")]
}

export const defineGroup = (state: Fleet, command: CommandOf<"DefineGroup">): Decision =>
  withHost(state, command.host, (record) => {
    const { devices, group, host } = command
    const bad = [...nameRefusals("group", group), ...doubled(host, devices)]
    if (devices.length === 0) {
      bad.push(because("fleet.group.empty", "a group has a device", group, "none", "one or more", "name its VFs"))
    }
    const gone = devices.filter((device) => locate(record, device) === undefined)
    return unless("invalid", bad, () =>
      unless(
        "unknown",
        gone.map((device) => unknown("vf", keyOf(host, device), "describe the host again")),
        () =>
          unless("conflict", [...busyGroup(state, group), ...groupRefusals(state, group, host, devices)], () =>
            accept([{ _tag: "GroupDefined", group, host, devices }])
          )
      )
    )
  })

export const removeGroup = (state: Fleet, { group }: CommandOf<"RemoveGroup">): Decision => {
  if (!Tables.has(state.groups, group)) return refuse("unknown", unknown("group", group, "look at the list of groups"))
  return unless("conflict", busyGroup(state, group), () => accept([{ _tag: "GroupRemoved", group }]))
}
