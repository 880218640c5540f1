/** Applies what happens to hosts and groups. */
import type { EventOf } from "../Event.ts"
import { type HostRecord, keyOf, locate } from "../Host.ts"
import * as Tables from "../internal/Table.ts"
import type { Fleet, Group } from "../State.ts"

const changeHost = (state: Fleet, host: string, change: (record: HostRecord) => HostRecord): Fleet => ({
  ...state,
  hosts: Tables.update(state.hosts, host, change)
})

export const registered = (state: Fleet, { address, at, host }: EventOf<"HostRegistered">): Fleet => {
  const before = Tables.get(state.hosts, host)
  const record: HostRecord = before ?? {
    id: host,
    address,
    pfs: [],
    describedAt: null,
    health: { state: "unknown", since: at, reason: "" },
    cordon: null,
    pfCordons: []
  }
  return { ...state, hosts: Tables.set(state.hosts, { ...record, address }) }
}

/** Groups and members without this group. */
export const withoutGroup = (state: Fleet, id: string): Fleet => {
  const group = Tables.get(state.groups, id)
  if (group === undefined) return state
  const members = Tables.removeAll(
    state.members,
    group.devices.map((device) => keyOf(group.host, device))
  )
  return { ...state, groups: Tables.remove(state.groups, id), members }
}

/** The group with these devices, and no longer with others. */
export const withGroup = (state: Fleet, group: Group): Fleet => {
  const before = withoutGroup(state, group.id)
  const members = Tables.setAll(
    before.members,
    group.devices.map((device) => ({ id: keyOf(group.host, device), group: group.id }))
  )
  return { ...before, groups: Tables.set(before.groups, group), members }
}

export const removed = (state: Fleet, { host }: EventOf<"HostRemoved">): Fleet => {
  const left = state.groups.filter((group) => group.host === host).reduce((so, { id }) => withoutGroup(so, id), state)
  return {
    ...left,
    hosts: Tables.remove(left.hosts, host),
    breakers: left.breakers.filter(({ from, to }) => from !== host && to !== host)
  }
}

export const described = (state: Fleet, { at, host, pfs }: EventOf<"HostDescribed">): Fleet =>
  changeHost(state, host, (record) => ({ ...record, pfs, describedAt: at }))

export const deviceNoted = (state: Fleet, { change, host }: EventOf<"DeviceNoted">): Fleet =>
  changeHost(state, host, (record) => {
    const found = locate(record, change.name)
    if (found === undefined) return record
    const vfs = found.pf.vfs.with(found.pf.vfs.indexOf(found.vf), { ...found.vf, ...change })
    return { ...record, pfs: record.pfs.with(record.pfs.indexOf(found.pf), { ...found.pf, vfs }) }
  })

export const healthNoted = (state: Fleet, { at, host, reachable, reason }: EventOf<"HealthNoted">): Fleet =>
  changeHost(state, host, (record) => ({
    ...record,
    health: { state: reachable ? "reachable" : "unreachable", since: at, reason }
  }))

export const cordoned = (state: Fleet, event: EventOf<"Cordoned">): Fleet => {
  const { evacuation, pf, reason, at: since } = event
  const cordon = { since, reason, evacuation }
  return changeHost(state, event.host, (record) =>
    pf === null ? { ...record, cordon } : { ...record, pfCordons: Tables.set(record.pfCordons, { id: pf, ...cordon }) }
  )
}

export const uncordoned = (state: Fleet, { host, pf }: EventOf<"Uncordoned">): Fleet =>
  changeHost(state, host, (record) =>
    pf === null ? { ...record, cordon: null } : { ...record, pfCordons: Tables.remove(record.pfCordons, pf) }
  )
