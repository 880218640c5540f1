/**
 * Emptying a host or a PF. First the plan, as data: what moves where, what is refused because it can move nowhere, what will stop because nothing
 * fits. Then its progress, and the time left from what past migrations took.
 */
import type { Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import * as Fit from "./Fit.ts"
import { forecast } from "./History.ts"
import { type HostRecord, keyOf, locate } from "./Host.ts"
import * as Tables from "./internal/Table.ts"
import { type Migration, type Move, pfsOf } from "./Migration.ts"
import { missing, place } from "./Placement.ts"
import { Places } from "./Places.ts"
import { because, FleetRefused, unknown } from "./Refused.ts"
import type { Evacuation, Fleet, Group, Staying } from "./State.ts"

/** What is to be emptied. `pf`: none means the whole host. */
export interface Target {
  readonly host: string
  readonly pf: string | null
}

/** One group that moves. */
export interface PlannedMove {
  readonly group: string
  readonly to: string
  readonly moves: ReadonlyArray<Move>
}

export interface EvacuationPlan extends Target {
  readonly moves: ReadonlyArray<PlannedMove>
  /** Groups that can move nowhere, whatever the fleet has. */
  readonly refused: ReadonlyArray<Staying>
  /** Groups that could move and for which nothing fits: they stop when the host does. */
  readonly willStop: ReadonlyArray<Staying>
  /** VFs that have no guest and are in no group: nothing of them is to be moved. */
  readonly idle: ReadonlyArray<string>
  /** Live migrations that leave already. */
  readonly leaving: ReadonlyArray<string>
  /** Live migrations that come: those that run will arrive, those that are queued wait for the end of the cordon. */
  readonly arriving: ReadonlyArray<string>
}

/** A guest that left this VF earlier took the VF's name with it as the name of its group: the next one has a number behind it. */
const newName = (state: Fleet, name: string): string => {
  if (!Tables.has(state.groups, name)) return name
  let number = 2
  while (Tables.has(state.groups, `${name}/${number}`)) number += 1
  return `${name}/${number}`
}

/** VFs of the target that are in no group. */
const aloneOn = (state: Fleet, host: HostRecord, pf: string | null) =>
  host.pfs
    .filter(({ name }) => pf === null || name === pf)
    .flatMap(({ vfs }) => vfs)
    .filter(({ name }) => !Tables.has(state.members, keyOf(host.id, name)))

/** Groups on the target; a VF with a guest that is in no group is one of its own. */
const groupsOn = (state: Fleet, host: HostRecord, pf: string | null): ReadonlyArray<Group> => {
  const isOn = (device: string) => pf === null || locate(host, device)?.pf.name === pf
  const defined = state.groups.filter((group) => group.host === host.id && group.devices.some(isOn))
  const alone = aloneOn(state, host, pf)
    .filter(({ attached }) => attached)
    .map(({ name }) => ({ id: newName(state, keyOf(host.id, name)), host: host.id, devices: [name] }))
  return [...defined, ...alone]
}

/** VFs of the target that nobody has: no guest, no group, no migration. */
const idleOn = (state: Fleet, host: HostRecord, pf: string | null): ReadonlyArray<string> =>
  aloneOn(state, host, pf)
    .filter(({ attached, name }) => !attached && !Tables.has(state.reserved, keyOf(host.id, name)))
    .map(({ name }) => name)

const sourceHealth = ({ health, id }: HostRecord): ReadonlyArray<Refusal> => {
  if (health.state === "reachable") return []
  const rule = "the agent of the source must answer"
  return [because("fleet.source.health", rule, id, "reachable", health.state, "bring the agent back, then plan again")]
}

/** A group with its devices, or why it can move nowhere. */
const sorted = (host: HostRecord, group: Group) => {
  const devices = group.devices.flatMap((name) => locate(host, name) ?? [])
  const gone = missing(host, group.devices, devices)
  const refusals = [
    ...(gone === "" ? [] : [unknown("vf", gone, "describe the host, or define the group again")]),
    ...sourceHealth(host),
    ...Fit.immovable(devices)
  ]
  return { group: group.id, devices, refusals, slas: devices.filter((vf) => Fit.slasOf(vf).length > 0).length }
}

type Sorted = ReturnType<typeof sorted>

/** Those that fit in few places choose first: with many SLAs, then with many devices, then by name. */
const harder = (one: Sorted, other: Sorted): number =>
  other.slas - one.slas || other.devices.length - one.devices.length || (one.group < other.group ? -1 : 1)

const touching = (state: Fleet, { host, pf }: Target, end: "from" | "to"): ReadonlyArray<Migration> =>
  state.migrations.filter(
    (migration) =>
      migration[end] === host &&
      (pf === null || migration.moves.some((move) => (end === "from" ? move.sourcePf : move.destinationPf) === pf))
  )

const noTarget = (state: Fleet, { host: name, pf }: Target): Refusal | HostRecord => {
  const host = Tables.get(state.hosts, name)
  if (host === undefined) return unknown("host", name, "register it, or name another")
  if (pf === null || host.pfs.some((one) => one.name === pf)) return host
  return unknown("pf", keyOf(name, pf), `choose one of: ${host.pfs.map((one) => one.name).join(", ") || "none"}`)
}

/** What emptying the target would do. Pure: it changes and reserves nothing. Left: there is no such host or PF. */
export const plan = (state: Fleet, target: Target, now: number): Either.Either<EvacuationPlan, FleetRefused> => {
  const host = noTarget(state, target)
  if (!("pfs" in host)) return Either.left(new FleetRefused({ kind: "unknown", refusals: [host] }))
  const isBusy = ({ devices }: Group) => devices.some((vf) => Tables.has(state.reserved, keyOf(host.id, vf)))
  const groups = groupsOn(state, host, target.pf)
    .filter((group) => !isBusy(group))
    .map((group) => sorted(host, group))
    .sort(harder)
  const places = new Places(state)
  const [moves, willStop]: [Array<PlannedMove>, Array<Staying>] = [[], []]
  for (const { devices, group, refusals } of groups) {
    if (refusals.length > 0) continue
    const placed = place(state, places, host.id, devices, now)
    if (Either.isRight(placed)) moves.push({ group, ...placed.right })
    else willStop.push({ group, refusals: placed.left })
  }
  const refused = groups.filter(({ refusals }) => refusals.length > 0)
  return Either.right({
    ...target,
    moves,
    refused: refused.map(({ group, refusals }) => ({ group, refusals })),
    willStop,
    idle: idleOn(state, host, target.pf),
    leaving: touching(state, target, "from").map(({ id }) => id),
    arriving: touching(state, target, "to").map(({ id }) => id)
  })
}

/** How far an evacuation is. Counts are migrations. */
export interface Progress {
  readonly evacuation: Evacuation
  readonly queued: number
  readonly retrying: number
  readonly running: number
  readonly done: number
  /** Milliseconds to the end, by what half and by what 99 of 100 past migrations took; null where nothing was measured yet. */
  readonly left: { readonly p50: number; readonly p99: number; readonly samples: number } | null
}

/** How many rounds the remaining migrations need: on the fleet, or on the host or PF that has most of them for its limit. */
const rounds = ({ policy: { limits } }: Fleet, rest: ReadonlyArray<Migration>): number => {
  const counts = new Map<string, { count: number; readonly limit: number }>()
  const add = (key: string, limit: number) => {
    const slot = counts.get(key) ?? { count: 0, limit }
    slot.count += 1
    counts.set(key, slot)
  }
  for (const migration of rest) {
    add("", limits.fleet)
    add(migration.from, limits.host)
    add(migration.to, limits.host)
    for (const pf of pfsOf(migration)) add(pf, limits.pf)
  }
  return [...counts.values()].reduce((most, { count, limit }) => Math.max(most, Math.ceil(count / limit)), 0)
}

/** The progress of an evacuation that is not finished; undefined if there is none by this id. */
export const progress = (state: Fleet, id: string): Progress | undefined => {
  const evacuation = Tables.get(state.evacuations, id)
  if (evacuation === undefined) return undefined
  const rest = state.migrations.filter((migration) => migration.evacuation === id)
  const inPhase = (phase: Migration["phase"]) => rest.filter((migration) => migration.phase === phase).length
  const took = forecast(state.history, "duration")
  const times = rounds(state, rest)
  return {
    evacuation,
    queued: inPhase("queued"),
    retrying: inPhase("retrying"),
    running: inPhase("running"),
    done: evacuation.moves - rest.length,
    left: took === undefined ? null : { p50: times * took.p50, p99: times * took.p99, samples: took.samples }
  }
}
