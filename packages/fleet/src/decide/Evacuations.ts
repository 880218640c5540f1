/** Decides the saga of an evacuation: it cordons, queues all that can move at once, and is over when the last of these has ended, however it ended. */
import type { Refusal } from "@stopcopy/errno"
import { Either } from "effect"
import type { CommandOf } from "../Command.ts"
import { accept, type Decision, refuse, unless } from "../Decision.ts"
import { type EvacuationPlan, plan } from "../Evacuation.ts"
import type { FleetEvent } from "../Event.ts"
import { keyOf } from "../Host.ts"
import * as Tables from "../internal/Table.ts"
import type { Order } from "../Migration.ts"
import { because, unknown } from "../Refused.ts"
import { type Evacuation, type Fleet, reasonLimit, type Staying } from "../State.ts"
import { cancelAll } from "./End.ts"
import { nameRefusals } from "./names.ts"
import { isKnown, priorityRefusals, roomRefusals } from "./Submit.ts"

type Evacuate = CommandOf<"Evacuate">

const targetOf = ({ host, pf }: { readonly host: string; readonly pf: string | null }): string =>
  pf === null ? host : keyOf(host, pf)

const ordersOf = (state: Fleet, command: Evacuate, { moves }: EvacuationPlan): ReadonlyArray<Order> =>
  moves.map(({ group, moves, to }, index) => ({
    id: `${command.evacuation}/${index + 1}`,
    group,
    from: command.host,
    to,
    moves,
    priority: command.priority,
    downtimeLimitMs: state.policy.downtimeLimitMs,
    evacuation: command.evacuation,
    queuedAt: command.at
  }))

/** Two evacuations of one host, or two by one id. */
const conflicts = (state: Fleet, command: Evacuate, orders: ReadonlyArray<Order>): ReadonlyArray<Refusal> => {
  const { evacuation: id, host } = command
  const isThere = Tables.has(state.evacuations, id) || state.finishedEvacuations.some((one) => one.id === id)
  const other = state.evacuations.find((one) => one.host === host)
  const taken = orders.find((order) => isKnown(state, order.id))
  const found: Array<Refusal> = []
  if (isThere || taken !== undefined) {
    const rule = "every evacuation has an id of its own"
    const there = taken === undefined || isThere ? "there already" : `migration ${taken.id} is there already`
    found.push(because("fleet.evacuation.exists", rule, "evacuation", id, there, "choose another id"))
  }
  if (other !== undefined && !isThere) {
    const [rule, remedy] = ["a host has one evacuation at a time", `wait for ${other.id}, or cancel it`]
    found.push(
      because("fleet.evacuation.busy", rule, host, targetOf(command), `${other.id} of ${targetOf(other)}`, remedy)
    )
  }
  return found
}

const isCordoned = (state: Fleet, { host, pf }: Evacuate): boolean => {
  const record = Tables.get(state.hosts, host)
  return pf === null ? (record?.cordon ?? null) !== null : Tables.has(record?.pfCordons ?? [], pf)
}

/** A record of each group that has a bound: the plan in the answer has every reason. */
const briefly = (all: ReadonlyArray<Staying>): ReadonlyArray<Staying> =>
  all.map(({ group, refusals }) => ({ group, refusals: refusals.slice(0, reasonLimit) }))

const startEvents = (
  state: Fleet,
  command: Evacuate,
  plan: EvacuationPlan,
  orders: ReadonlyArray<Order>
): ReadonlyArray<FleetEvent> => {
  const { at, evacuation, host, pf } = command
  const [moves, refused, willStop] = [plan.moves.length, briefly(plan.refused), briefly(plan.willStop)]
  const cordon = { _tag: "Cordoned", host, pf, reason: `evacuation ${evacuation}`, evacuation, at } as const
  return [
    { _tag: "EvacuationStarted", evacuation, host, pf, at, moves, refused, willStop, idle: plan.idle.length },
    ...(isCordoned(state, command) ? [] : [cordon]),
    ...orders.map((order): FleetEvent => ({ _tag: "MigrationQueued", order })),
    ...(orders.length === 0 ? [{ _tag: "EvacuationFinished", evacuation, at } as const] : [])
  ]
}

export const evacuate = (state: Fleet, command: Evacuate): Decision =>
  unless("invalid", [...nameRefusals("evacuation", command.evacuation), ...priorityRefusals(command.priority)], () =>
    Either.match(plan(state, { host: command.host, pf: command.pf }, command.at), {
      onLeft: ({ kind, refusals }) => refuse(kind, ...refusals),
      onRight: (planned) => {
        const orders = ordersOf(state, command, planned)
        return unless("conflict", conflicts(state, command, orders), () =>
          unless("limit", roomRefusals(state, orders.length), () =>
            accept(startEvents(state, command, planned, orders), { _tag: "Evacuating", plan: planned })
          )
        )
      }
    })
  )

/** Takes back the cordon that the evacuation brought, and no other. */
const uncordon = (state: Fleet, { host, id, pf }: Evacuation): ReadonlyArray<FleetEvent> => {
  const record = Tables.get(state.hosts, host)
  const cordon = pf === null ? record?.cordon : record?.pfCordons.find((one) => one.id === pf)
  return cordon?.evacuation === id ? [{ _tag: "Uncordoned", host, pf }] : []
}

export const cancelEvacuation = (state: Fleet, { at, evacuation: id }: CommandOf<"CancelEvacuation">): Decision => {
  const evacuation = Tables.get(state.evacuations, id)
  if (evacuation === undefined) {
    if (!state.finishedEvacuations.some((one) => one.id === id)) {
      return refuse("unknown", unknown("evacuation", id, "look at the list of evacuations"))
    }
    const [rule, remedy] = ["what is finished cannot be cancelled", "nothing is left to be done"]
    return refuse("conflict", because("fleet.evacuation.finished", rule, id, "cancel", "finished", remedy))
  }
  const own = state.migrations.filter((migration) => migration.evacuation === id)
  const { events, told } = cancelAll(state, own, `evacuation ${id} was cancelled`, at)
  const first: ReadonlyArray<FleetEvent> = evacuation.cancelling
    ? []
    : [{ _tag: "EvacuationCancelled", evacuation: id }, ...uncordon(state, evacuation)]
  return accept([...first, ...events], { _tag: "Cancelling", migrations: told })
}
