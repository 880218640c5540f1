/** What the fleet remembers, in terms of the API. Pure. */
import type { Evacuation, EvacuationPlan, Host, HostSummary, PfSummary, Policy, Vf } from "@stopcopy/coordinator-api"
import * as Fleets from "@stopcopy/fleet"

type Record = Fleets.HostRecord

const cordonOf = (cordon: Fleets.Cordon | null): Host["cordon"] =>
  cordon === null ? null : { sinceAt: cordon.since, reason: cordon.reason, evacuation: cordon.evacuation }

const healthOf = ({ health: { reason, since, state } }: Record): Host["health"] => ({ state, sinceAt: since, reason })

const base = (record: Record) => ({
  name: record.id,
  address: record.address,
  health: healthOf(record),
  cordon: cordonOf(record.cordon),
  describedAt: record.describedAt
})

export const hostOf = (record: Record): Host => ({
  ...base(record),
  pfs: record.pfs.map((pf) => ({ ...pf, cordon: cordonOf(record.pfCordons.find(({ id }) => id === pf.name) ?? null) }))
})

export const summaryOf = (record: Record): HostSummary => ({
  ...base(record),
  pfs: record.pfs.length,
  vfs: record.pfs.reduce((sum, { vfs }) => sum + vfs.length, 0)
})

/** Every PF of the fleet. */
export const pfsOf = ({ hosts }: Fleets.Fleet): ReadonlyArray<PfSummary> =>
  hosts.flatMap((record) => hostOf(record).pfs.map((pf) => ({ ...pf, host: record.id, vfs: pf.vfs.length })))

/** Every VF of the fleet. */
export const vfsOf = ({ hosts, members, reserved }: Fleets.Fleet): ReadonlyArray<Vf> => {
  const groups = new Map(members.map(({ group, id }) => [id, group]))
  const migrations = new Map(reserved.map(({ id, migration }) => [id, migration]))
  return hosts.flatMap((host) =>
    host.pfs.flatMap((pf) =>
      pf.vfs.map((vf) => {
        const key = `${host.id}:${vf.name}`
        return {
          host: host.id,
          pf: pf.name,
          ...vf,
          group: groups.get(key) ?? null,
          migration: migrations.get(key) ?? null
        }
      })
    )
  )
}

const movesOf = (moves: ReadonlyArray<Fleets.Move>) => moves.map(({ destination, source }) => ({ source, destination }))
const stayingOf = (all: ReadonlyArray<Fleets.Staying>) =>
  all.map(({ group, refusals }) => ({ group, blockers: refusals }))

export const planOf = (plan: Fleets.EvacuationPlan): EvacuationPlan => ({
  host: plan.host,
  pf: plan.pf,
  moves: plan.moves.map(({ group, moves, to }) => ({ group, to, moves: movesOf(moves) })),
  refused: stayingOf(plan.refused),
  willStop: stayingOf(plan.willStop),
  idle: plan.idle,
  leaving: plan.leaving,
  arriving: plan.arriving
})

const running = (state: Fleets.Fleet, one: Fleets.Evacuation): Evacuation => {
  const { cancelled, cancelling, completed, failed, host, id, idle, moves, pf, refused, startedAt, turnedDown } = one
  const { willStop } = one
  const left = Fleets.progress(state, id)?.left ?? null
  return {
    id,
    host,
    pf,
    state: cancelling ? "cancelling" : "running",
    startedAt,
    endedAt: null,
    moves,
    completed,
    failed,
    cancelled,
    turnedDown,
    refused: refused.length,
    willStop: willStop.length,
    idle,
    staying: stayingOf([...refused, ...willStop]),
    left: left === null ? null : { p50Millis: left.p50, p99Millis: left.p99, samples: left.samples }
  }
}

const finished = ({ finishedAt, wasCancelled, ...rest }: Fleets.FinishedEvacuation): Evacuation => ({
  ...rest,
  state: wasCancelled ? "cancelled" : "finished",
  endedAt: finishedAt,
  staying: [],
  left: null
})

/** The newest first. */
export const evacuationsOf = (state: Fleets.Fleet): ReadonlyArray<Evacuation> =>
  [...state.finishedEvacuations.map(finished), ...state.evacuations.map((one) => running(state, one))].toSorted(
    (one, other) => other.startedAt - one.startedAt
  )

export const policyOf = ({ ageingMs, breaker, downtimeLimitMs, limits, retry }: Fleets.Policy): Policy => ({
  limits,
  ageingMillis: ageingMs,
  downtimeLimitMillis: downtimeLimitMs,
  retry: { attempts: retry.attempts, baseMillis: retry.baseMs, maxMillis: retry.maxMs, jitter: retry.jitter },
  breaker: { failures: breaker.failures, pauseMillis: breaker.pauseMs, maxPauseMillis: breaker.maxPauseMs }
})

export const fleetPolicy = ({ ageingMillis, breaker, downtimeLimitMillis, limits, retry }: Policy): Fleets.Policy => ({
  limits,
  ageingMs: ageingMillis,
  downtimeLimitMs: downtimeLimitMillis,
  retry: { attempts: retry.attempts, baseMs: retry.baseMillis, maxMs: retry.maxMillis, jitter: retry.jitter },
  breaker: { failures: breaker.failures, pauseMs: breaker.pauseMillis, maxPauseMs: breaker.maxPauseMillis }
})
