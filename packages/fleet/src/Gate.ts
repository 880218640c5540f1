/** What keeps a queued migration from starting, beside limits: hosts that do not answer, cordons, an open circuit breaker. */
import * as Breakers from "./Breaker.ts"
import { type HostRecord, keyOf } from "./Host.ts"
import * as Tables from "./internal/Table.ts"
import { pairOf } from "./Lane.ts"
import type { Fleet, Lane } from "./State.ts"

/** Why something waits, for people; `until` where it is known when that ends. */
export interface Waiting {
  readonly code: string
  readonly reason: string
  readonly until: number | null
}

const waiting = (code: string, reason: string, until: number | null = null): Waiting => ({ code, reason, until })

const answers = (state: Fleet, name: string): Waiting | undefined => {
  const host = Tables.get(state.hosts, name)
  if (host === undefined) return waiting("fleet.host.unknown", `host ${name} is not registered`)
  const { reason, since, state: health } = host.health
  if (health === "reachable") return undefined
  if (health === "unknown") return waiting("fleet.host.unknown-health", `host ${name} was not reached yet`)
  return waiting("fleet.host.unreachable", `host ${name} does not answer since ${Breakers.dateOf(since)}: ${reason}`)
}

const cordonOf = (host: HostRecord, pfs: ReadonlyArray<string>): Waiting | undefined => {
  if (host.cordon !== null) {
    const { reason, since } = host.cordon
    return waiting("fleet.host.cordoned", `host ${host.id} is cordoned since ${Breakers.dateOf(since)}: ${reason}`)
  }
  const pf = host.pfCordons.find(({ id }) => pfs.includes(keyOf(host.id, id)))
  if (pf === undefined) return undefined
  const where = `PF ${keyOf(host.id, pf.id)}`
  return waiting("fleet.pf.cordoned", `${where} is cordoned since ${Breakers.dateOf(pf.since)}: ${pf.reason}`)
}

/** All that keeps the lane shut now. A cordon shuts a destination, not a source. */
export const gate = (
  state: Fleet,
  { from, pfs, to }: Pick<Lane, "from" | "pfs" | "to">,
  now: number
): ReadonlyArray<Waiting> => {
  const breaker = Tables.get(state.breakers, pairOf(from, to))
  const destination = Tables.get(state.hosts, to)
  const paused = Breakers.isPassable(breaker, now) ? undefined : Breakers.explain(breaker, now)
  return [
    answers(state, from),
    answers(state, to),
    destination === undefined ? undefined : cordonOf(destination, pfs),
    paused === undefined ? undefined : waiting("fleet.pair.paused", paused, breaker?.until ?? null)
  ].filter((bad) => bad !== undefined)
}

/** How many run on this host or PF. */
export const runningOn = (state: Fleet, id: string): number => Tables.get(state.load, id)?.running ?? 0

/** All limits that are reached where the migration wants to run. */
export const full = (state: Fleet, lane: Pick<Lane, "from" | "pfs" | "to">): ReadonlyArray<Waiting> => {
  const { fleet, host, pf } = state.policy.limits
  const fleetFull =
    state.running >= fleet
      ? [waiting("fleet.limit.fleet", `${state.running} of ${fleet} migrations of the fleet run already`)]
      : []
  const slots = [lane.from, lane.to, ...lane.pfs]
    .map((id, index) => ({ id, isHost: index < 2, limit: index < 2 ? host : pf }))
    .filter(({ id, limit }) => runningOn(state, id) >= limit)
    .map(({ id, isHost, limit }) =>
      waiting(
        isHost ? "fleet.limit.host" : "fleet.limit.pf",
        `${runningOn(state, id)} of ${limit} migrations run on ${id} already`
      )
    )
  return [...fleetFull, ...slots]
}
