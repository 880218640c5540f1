/** What could move where, in terms of the API. Pure. */
import type { Compatibility, Placement } from "@stopcopy/coordinator-api"
import * as Fleets from "@stopcopy/fleet"
import { Either } from "effect"

/** Every other host, with the VFs that the devices would get there, or every reason why they cannot. */
export const placementsOf = (
  state: Fleets.Fleet,
  from: string,
  devices: ReadonlyArray<Fleets.Located>,
  now: number
): ReadonlyArray<Placement> => {
  // What is taken on one host is not looked at on another.
  const places = new Fleets.Places(state)
  return state.hosts
    .filter(({ id }) => id !== from)
    .map(({ id }) =>
      Either.match(Fleets.place(state, places, from, devices, now, id), {
        onLeft: (blockers) => ({ host: id, devices: [], blockers }),
        onRight: ({ moves }) => ({ host: id, devices: moves.map(({ destination }) => destination), blockers: [] })
      })
    )
}

/** Groups on the host, and VFs in none whose epoch is their own: a guest may run there. */
const unitsOn = ({ groups, members }: Fleets.Fleet, host: Fleets.HostRecord) => {
  const defined = groups.filter((group) => group.host === host.id)
  const taken = new Set(members.map(({ id }) => id))
  const alone = host.pfs
    .flatMap(({ vfs }) => vfs)
    .filter(({ name, standing }) => standing === "held" && !taken.has(`${host.id}:${name}`))
  return [
    ...defined.map(({ devices, id }) => ({ group: id, devices })),
    ...alone.map(({ name }) => ({ group: null, devices: [name] }))
  ]
}

/** Each as if it moved alone. */
export const compatibilityOf = (
  state: Fleets.Fleet,
  host: Fleets.HostRecord,
  now: number
): ReadonlyArray<Compatibility> =>
  unitsOn(state, host).map(({ devices, group }) => {
    const located = devices.flatMap((name) => Fleets.locate(host, name) ?? [])
    const blockers = Fleets.immovable(located)
    const placements = blockers.length > 0 ? [] : placementsOf(state, host.id, located, now)
    return { group, devices, blockers, placements }
  })
