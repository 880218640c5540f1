/**
 * Where a group could go: for every device a free VF that it fits, all on one host, each VF once. Deterministic: the host with the smallest part of its
 * VFs in use, then the PF, then the VF number; names decide between equals. So load is spread by what each host has. If nothing fits, every reason of
 * every host is given.
 */
import type { Refusal } from "@stopcopy/errno"
import { Array as Arrays, Either } from "effect"
import * as Breakers from "./Breaker.ts"
import * as Fit from "./Fit.ts"
import { type HostRecord, keyOf, type Located } from "./Host.ts"
import { matching } from "./internal/matching.ts"
import * as Tables from "./internal/Table.ts"
import { pairOf } from "./Lane.ts"
import type { Move } from "./Migration.ts"
import { type HostPlaces, type Places, seeker, type Seeker } from "./Places.ts"
import { because } from "./Refused.ts"
import type { Fleet } from "./State.ts"

/** Where each device of a group goes. */
export interface Placed {
  readonly to: string
  readonly moves: ReadonlyArray<Move>
}

/** A move, by names. */
export const moveOf = (source: Located, destination: Located): Move => ({
  source: source.vf.name,
  sourcePf: source.pf.name,
  destination: destination.vf.name,
  destinationPf: destination.pf.name
})

/** Why a host takes no guest now, whoever it is; undefined if it does. */
export const hostRefusal = ({ cordon, health, id, pfs }: HostRecord): Refusal | undefined => {
  if (cordon !== null) {
    const remedy = "uncordon it, or choose another host"
    return because(
      "fleet.host.cordoned",
      "a host that is cordoned takes no guest",
      id,
      cordon.reason,
      "cordoned",
      remedy
    )
  }
  if (health.state !== "reachable") {
    const why = health.reason === "" ? health.state : `${health.state}: ${health.reason}`
    return because(
      "fleet.host.health",
      "the agent of the host must answer",
      id,
      "reachable",
      why,
      "look after the host"
    )
  }
  if (pfs.length > 0) return undefined
  const remedy = "describe the host, or enable VFs on it"
  return because("fleet.host.empty", "the host must have a PF with VFs", id, "a free VF", "no PF is known", remedy)
}

/** The VF of this PF that says most about why the device does not fit: its own number, or the first. */
const telling = ({ source, numbers }: Seeker, host: HostRecord, places: HostPlaces["pfs"][number]) => {
  const { pf } = places
  const number = numbers?.[0] ?? source.vf.vfNumber
  const vf = pf.vfs.find(({ vfNumber }) => vfNumber === number) ?? pf.vfs[0]
  return vf === undefined ? undefined : { host, pf, vf }
}

const noneFree = ({ free, key, pf }: HostPlaces["pfs"][number], devices: number): Refusal =>
  because(
    "fleet.placement.full",
    "a free VF that fits must be left",
    key,
    `${devices} wanted`,
    `${free} of ${pf.vfs.length} free`,
    "free a VF there, or add a host"
  )

/** The SLAs of a device name VF numbers of this PF, and none of those is free. */
const numbersTaken = (
  { numbers, source }: Seeker,
  { key, kinds }: HostPlaces["pfs"][number]
): ReadonlyArray<Refusal> => {
  if (numbers === undefined || kinds.some(({ free }) => numbers.some((number) => free.has(number)))) return []
  const rule = "an SLA names ring pairs of the whole device, so the VF of the same number must be free"
  const names = `VF ${numbers.join(" or ")}`
  const remedy = "free that VF, or choose another PF"
  return [because("fleet.placement.number", rule, key, `${source.vf.name} wants ${names}`, "not free", remedy)]
}

const noneTogether = ({ free, key }: HostPlaces["pfs"][number], devices: number): Refusal =>
  because(
    "fleet.placement.together",
    "each device of the group needs a free VF of its own that it fits",
    key,
    `${devices} devices`,
    `${free} free, not enough that fit`,
    "free other VFs there, or add a host"
  )

/** Why the group does not fit on this PF: what never fits, or else what is in use. */
const pfReasons = (seekers: ReadonlyArray<Seeker>, host: HostRecord, places: HostPlaces["pfs"][number]) => {
  const misfits = seekers.flatMap((wanted) => {
    const vf = telling(wanted, host, places)
    if (vf === undefined) return []
    return [...Fit.generalRefusals(wanted.source, vf), ...Fit.slaRefusals(wanted.slas, vf)]
  })
  if (misfits.length > 0) return misfits
  const taken = seekers.flatMap((wanted) => numbersTaken(wanted, places))
  if (taken.length > 0) return taken
  return [places.free < seekers.length ? noneFree(places, seekers.length) : noneTogether(places, seekers.length)]
}

const isSame = (one: Refusal, other: Refusal): boolean =>
  one.code === other.code && one.where === other.where && one.source === other.source

/** Every reason why the group does not fit on this host, each once. */
const reasons = (seekers: ReadonlyArray<Seeker>, { host, pfs }: HostPlaces): ReadonlyArray<Refusal> => {
  const whole = hostRefusal(host)
  if (whole !== undefined) return [whole]
  return Arrays.dedupeWith(
    pfs.flatMap((places) => pfReasons(seekers, host, places)),
    isSame
  )
}

/** The places for the group on this host, taken; undefined if it does not fit. */
const placeOn = (places: Places, seekers: ReadonlyArray<Seeker>, host: HostPlaces): ReadonlyArray<Move> | undefined => {
  if (hostRefusal(host.host) !== undefined || host.free < seekers.length) return undefined
  // As many candidates as devices are enough for each: whoever has so many finds one that the others leave.
  const chosen = matching(seekers.map((wanted) => places.candidates(wanted, host, seekers.length)))
  if (chosen === undefined) return undefined
  for (const vf of chosen) places.take(host, vf)
  return seekers.flatMap(({ source }, index) => {
    const destination = chosen[index]
    return destination === undefined ? [] : [moveOf(source, destination)]
  })
}

const noHost = (from: string): Refusal =>
  because(
    "fleet.placement.host",
    "there must be another host",
    "fleet",
    `away from ${from}`,
    "no other host",
    "register one"
  )

/**
 * Places a group that is on `from`, on `only` if that is given. Hosts to which the circuit breaker is open come last. What is chosen is taken out of
 * `places`. Left: every reason, by host and PF.
 */
export const place = (
  state: Fleet,
  places: Places,
  from: string,
  devices: ReadonlyArray<Located>,
  now: number,
  only?: string
): Either.Either<Placed, Arrays.NonEmptyReadonlyArray<Refusal>> => {
  const seekers = devices.map(seeker)
  const hosts = places.byLoad().filter(({ host: { id } }) => id !== from && (only === undefined || id === only))
  const isPaused = ({ host }: HostPlaces) =>
    !Breakers.isPassable(Tables.get(state.breakers, pairOf(from, host.id)), now)
  const [open, paused] = Arrays.partition(hosts, isPaused)
  for (const host of [...open, ...paused]) {
    const moves = placeOn(places, seekers, host)
    if (moves !== undefined) return Either.right({ to: host.host.id, moves })
  }
  const found = places.hosts.filter((host) => hosts.includes(host)).flatMap((host) => reasons(seekers, host))
  return Either.left(Arrays.isNonEmptyReadonlyArray(found) ? found : [noHost(from)])
}

/** Every reason why these devices cannot go onto those VFs, one onto the other in their order, whether they are free apart. */
export const pairRefusals = (
  pairs: ReadonlyArray<readonly [Located, Located]>,
  incoming: boolean
): ReadonlyArray<Refusal> =>
  pairs.flatMap(([source, destination]) => {
    const unusable = Fit.unusable(destination, incoming)
    return [...(unusable === undefined ? [] : [unusable]), ...Fit.fitRefusals(source, destination)]
  })

/** Names of VFs on a host that are not there. */
export const missing = (host: HostRecord, names: ReadonlyArray<string>, found: ReadonlyArray<Located>): string =>
  names
    .filter((name) => !found.some(({ vf }) => vf.name === name))
    .map((name) => keyOf(host.id, name))
    .join(", ")
