/** Decides whether a migration is queued, and where it goes. Its VFs, sources and destinations, are reserved with that. */
import type { Refusal } from "@stopcopy/errno"
import { Array as Arrays, Either } from "effect"
import type { CommandOf } from "../Command.ts"
import { accept, type Decision, refuse, unless } from "../Decision.ts"
import * as Fit from "../Fit.ts"
import { type HostRecord, keyOf, locate, type Located } from "../Host.ts"
import * as Tables from "../internal/Table.ts"
import { type Order, topPriority } from "../Migration.ts"
import { hostRefusal, moveOf, pairRefusals, place, type Placed } from "../Placement.ts"
import { Places } from "../Places.ts"
import { outOfBounds } from "../Policy.ts"
import { because, FleetRefused, type RefusedKind, unknown } from "../Refused.ts"
import { type Fleet, liveLimit } from "../State.ts"
import { nameRefusals } from "./names.ts"

type Submit = CommandOf<"Submit">
type Answered<A> = Either.Either<A, FleetRefused>

const no = (kind: RefusedKind, refusals: Arrays.NonEmptyReadonlyArray<Refusal>): Answered<never> =>
  Either.left(new FleetRefused({ kind, refusals }))

/** Left with all refusals, if there are any. */
const need = <A>(kind: RefusedKind, refusals: ReadonlyArray<Refusal>, otherwise: () => Answered<A>): Answered<A> =>
  Arrays.isNonEmptyReadonlyArray(refusals) ? no(kind, refusals) : otherwise()

/** Why the priority is none. */
export const priorityRefusals = (priority: number): ReadonlyArray<Refusal> => {
  const bad = outOfBounds(["priority", priority, 0, topPriority, true])
  return bad === undefined ? [] : [bad]
}

const formRefusals = (command: Submit): ReadonlyArray<Refusal> => {
  const limit = command.downtimeLimitMs
  const bad = limit === null ? undefined : outOfBounds(["downtimeLimitMs", limit, 1, 604_800_000, true])
  const names = [...nameRefusals("migration", command.migration), ...nameRefusals("group", command.group)]
  return [...names, ...priorityRefusals(command.priority), ...(bad === undefined ? [] : [bad])]
}

/** Whether there was a migration by this id that is still remembered. */
export const isKnown = (state: Fleet, id: string): boolean =>
  Tables.has(state.migrations, id) || state.finished.some((one) => one.id === id)

/** Why so many migrations more cannot be queued. */
export const roomRefusals = (state: Fleet, more: number): ReadonlyArray<Refusal> => {
  const live = state.migrations.length
  if (live + more <= liveLimit) return []
  const rule = "so many migrations can be live"
  return [because("fleet.queue.full", rule, "queue", `${live + more}`, `${liveLimit}`, "wait for some to end")]
}

const idRefusals = (state: Fleet, { migration }: Submit): ReadonlyArray<Refusal> => {
  if (!isKnown(state, migration)) return []
  const rule = "every migration has an id of its own"
  return [because("fleet.migration.exists", rule, "migration", migration, "there already", "choose another id")]
}

/** The group's own devices, and no others. */
const namesOf = (state: Fleet, { devices, from, group }: Submit): Answered<ReadonlyArray<string>> => {
  const defined = Tables.get(state.groups, group)
  if (defined === undefined) {
    const remedy = "define the group, or name the devices"
    if (devices === null) return no("unknown", [unknown("group", group, remedy)])
    const other = state.migrations.find((migration) => migration.group === group)
    if (other === undefined) return Either.right(devices)
    const rule = "a group has one migration at a time"
    return no("conflict", [
      because("fleet.group.migrating", rule, group, "another migration", other.id, "choose another name")
    ])
  }
  if (defined.host !== from) {
    const rule = "a group leaves the host that it is on"
    return no("conflict", [
      because("fleet.group.host", rule, group, from, defined.host, `migrate from ${defined.host}`)
    ])
  }
  const isSame = devices === null || devices.toSorted().join("\n") === defined.devices.toSorted().join("\n")
  if (isSame) return Either.right(devices ?? defined.devices)
  const [rule, remedy] = ["all devices of a group move together", "leave the devices out, or define the group again"]
  return no("conflict", [
    because("fleet.group.devices", rule, group, devices.join(", "), defined.devices.join(", "), remedy)
  ])
}

/** What stands against the devices leaving: not there, with others, on the way already, not able to. */
const sourceRefusals = (state: Fleet, { from, group }: Submit, names: ReadonlyArray<string>): ReadonlyArray<Refusal> =>
  names.flatMap((name): ReadonlyArray<Refusal> => {
    const key = keyOf(from, name)
    const [owner, holder] = [Tables.get(state.members, key)?.group, Tables.get(state.reserved, key)?.migration]
    const found: Array<Refusal> = []
    if (owner !== undefined && owner !== group) {
      found.push(because("fleet.group.member", "a VF belongs to one group", key, group, owner, `migrate ${owner}`))
    }
    if (holder !== undefined) found.push(reserved(key, holder))
    return found
  })

const reserved = (key: string, holder: string): Refusal =>
  because(
    "fleet.vf.reserved",
    "a VF has at most one migration",
    key,
    "another migration",
    holder,
    `wait for ${holder}, or cancel it`
  )

/** The VFs with these names, each named once. */
export const locateAll = (host: HostRecord, names: ReadonlyArray<string>): Answered<ReadonlyArray<Located>> => {
  const found = names.map((name) => locate(host, name))
  const gone = names.filter((_, index) => found[index] === undefined)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  const rule = "each VF is named once"
  return need(
    "invalid",
    [
      ...(names.length === 0
        ? [because("fleet.devices.none", "a migration moves a VF", host.id, "none", "one or more", "name the VFs")]
        : []),
      ...twice.map((name) =>
        because("fleet.devices.twice", rule, keyOf(host.id, name), "twice", "once", "name it once")
      )
    ],
    () =>
      need(
        "unknown",
        gone.map((name) => unknown("vf", keyOf(host.id, name), "look at what the host has, or describe it again")),
        () => Either.right(found.filter((one) => one !== undefined))
      )
  )
}

/** The host with this name. */
export const hostNamed = (state: Fleet, name: string): Answered<HostRecord> => {
  const host = Tables.get(state.hosts, name)
  return host === undefined ? no("unknown", [unknown("host", name, "register it first")]) : Either.right(host)
}

/** VFs that others have. */
const takenRefusals = (state: Fleet, devices: ReadonlyArray<Located>): ReadonlyArray<Refusal> =>
  devices.flatMap((device): ReadonlyArray<Refusal> => {
    const key = Fit.nameOf(device)
    const [owner, holder] = [Tables.get(state.members, key)?.group, Tables.get(state.reserved, key)?.migration]
    if (holder !== undefined) return [reserved(key, holder)]
    if (owner === undefined) return []
    const rule = "a destination has no guest"
    return [because("fleet.vf.member", rule, key, "free", `group ${owner}`, "choose a free VF, or remove the group")]
  })

/** Onto the VFs that the caller names. */
const placeOnto = (
  state: Fleet,
  host: HostRecord,
  sources: ReadonlyArray<Located>,
  names: ReadonlyArray<string>,
  incoming: boolean
): Answered<Placed> => {
  if (names.length !== sources.length) {
    const rule = "each device needs one destination"
    const [have, want] = [String(names.length), String(sources.length)]
    return no("invalid", [because("fleet.devices.count", rule, host.id, want, have, `name ${want} VFs`)])
  }
  return Either.flatMap(locateAll(host, names), (destinations) => {
    const pairs = Arrays.zip(sources, destinations)
    const whole = hostRefusal(host)
    return need("conflict", takenRefusals(state, destinations), () =>
      need("unplaceable", [...(whole === undefined ? [] : [whole]), ...pairRefusals(pairs, incoming)], () =>
        Either.right({ to: host.id, moves: pairs.map(([source, destination]) => moveOf(source, destination)) })
      )
    )
  })
}

const sameHost = (from: string): Refusal =>
  because("fleet.host.same", "source and destination are two hosts", "to", from, from, "choose another host")

/** Where the devices go: onto the VFs named, or where they fit. */
export const placed = (
  state: Fleet,
  { at, from, to }: Pick<Submit, "at" | "from" | "to">,
  sources: ReadonlyArray<Located>
): Answered<Placed> => {
  if (to === null) {
    return Either.mapLeft(
      place(state, new Places(state), from, sources, at),
      (refusals) => new FleetRefused({ kind: "unplaceable", refusals })
    )
  }
  if (to.host === from) return no("invalid", [sameHost(from)])
  return Either.flatMap(hostNamed(state, to.host), (host) => {
    if (to.devices !== null) return placeOnto(state, host, sources, to.devices, to.incoming)
    return Either.mapLeft(
      place(state, new Places(state), from, sources, at, to.host),
      (refusals) => new FleetRefused({ kind: "unplaceable", refusals })
    )
  })
}

const orderOf = (state: Fleet, command: Submit): Answered<Order> =>
  Either.flatMap(hostNamed(state, command.from), (source) =>
    Either.flatMap(namesOf(state, command), (names) =>
      Either.flatMap(locateAll(source, names), (sources) =>
        need("conflict", sourceRefusals(state, command, names), () =>
          need("unplaceable", Fit.immovable(sources), () =>
            Either.map(placed(state, command, sources), ({ moves, to }) => ({
              id: command.migration,
              group: command.group,
              from: command.from,
              to,
              moves,
              priority: command.priority,
              downtimeLimitMs: command.downtimeLimitMs ?? state.policy.downtimeLimitMs,
              evacuation: null,
              queuedAt: command.at
            }))
          )
        )
      )
    )
  )

export const submit = (state: Fleet, command: Submit): Decision =>
  unless("invalid", formRefusals(command), () =>
    unless("conflict", idRefusals(state, command), () =>
      unless("limit", roomRefusals(state, 1), () =>
        Either.match(orderOf(state, command), {
          onLeft: ({ kind, refusals }) => refuse(kind, ...refusals),
          onRight: (order) => accept([{ _tag: "MigrationQueued", order }], { _tag: "Queued", order })
        })
      )
    )
  )
