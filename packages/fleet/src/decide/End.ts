/** Decides what follows when an attempt ends, or when somebody wants a migration to end: another attempt, the circuit breaker, the evacuation's end. */
import type { CommandOf } from "../Command.ts"
import * as Breakers from "../Breaker.ts"
import { accept, type Decision, refuse, unless } from "../Decision.ts"
import type { FleetEvent } from "../Event.ts"
import * as Tables from "../internal/Table.ts"
import { pairOf } from "../Lane.ts"
import type { Migration, Outcome } from "../Migration.ts"
import { outOfBounds } from "../Policy.ts"
import { because, unknown } from "../Refused.ts"
import type { Fleet } from "../State.ts"
import { isKnown } from "./Submit.ts"

type End = CommandOf<"End">

/** What an attempt tells about the pair of hosts. One that was refused or cancelled, or had a limit of its own, tells nothing. */
const pairEvents = (state: Fleet, { from, id, to }: Migration, { at, outcome }: End): ReadonlyArray<FleetEvent> => {
  const breaker = Tables.get(state.breakers, pairOf(from, to))
  if (outcome._tag === "Completed") return breaker === undefined ? [] : [{ _tag: "PairRecovered", from, to }]
  if (outcome._tag !== "Failed" || outcome.ofPair === false) return []
  const next = Breakers.failed(breaker, id, state.policy.breaker, at)
  return [{ _tag: "PairFailed", from, to, reason: outcome.reason, ...next }]
}

/** The evacuation is over with the last of its migrations. */
const evacuationEvents = (state: Fleet, ended: ReadonlyArray<Migration>, at: number): ReadonlyArray<FleetEvent> => {
  const ids = new Set(ended.map(({ evacuation }) => evacuation))
  return state.evacuations
    .filter(({ id }) => ids.has(id))
    .filter(({ cancelled, completed, failed, id, moves, turnedDown }) => {
      const now = ended.filter(({ evacuation }) => evacuation === id).length
      return completed + failed + cancelled + turnedDown + now >= moves
    })
    .map(({ id }) => ({ _tag: "EvacuationFinished", evacuation: id, at }))
}

/** They end, all alike. */
const finish = (
  state: Fleet,
  ended: ReadonlyArray<Migration>,
  outcome: Outcome,
  at: number
): ReadonlyArray<FleetEvent> => [
  ...ended.map(({ id }): FleetEvent => ({ _tag: "MigrationFinished", migration: id, outcome, at })),
  ...evacuationEvents(state, ended, at)
]

const timeRefusals = ({ outcome, random }: End) => {
  const times =
    outcome._tag === "Completed"
      ? ([["durationMs", outcome.durationMs], ["downtimeMs", outcome.downtimeMs], ...outcome.split] as const)
      : []
  const bounds = times.map(([name, value]) => outOfBounds([name, value, 0, 1e12, false]))
  return [...bounds, outOfBounds(["random", random, 0, 1, false])].filter((bad) => bad !== undefined)
}

/** The attempt as it is known; undefined if it ended before, or never was. */
const running = (state: Fleet, { attempt, migration }: End): Migration | undefined => {
  const found = Tables.get(state.migrations, migration)
  return found?.phase === "running" && found.attempt === attempt ? found : undefined
}

/** An attempt that is not running: told again, or never started. */
const notRunning = (state: Fleet, { attempt, migration }: End): Decision => {
  const live = Tables.get(state.migrations, migration)
  if (!isKnown(state, migration)) return refuse("unknown", unknown("migration", migration, "look at the list"))
  if (live === undefined || attempt <= live.attempt) return accept([], { _tag: "Ended", how: "Repeated" })
  const remedy = "end the attempt that was given out"
  const [asked, found] = [`attempt ${attempt}`, `${live.phase}, attempt ${live.attempt}`]
  return refuse("conflict", because("fleet.attempt", "an attempt ends that runs", migration, asked, found, remedy))
}

export const end = (state: Fleet, command: End): Decision =>
  unless("invalid", timeRefusals(command), () => {
    const migration = running(state, command)
    if (migration === undefined) return notRunning(state, command)
    const { at, outcome, random } = command
    const pair = pairEvents(state, migration, command)
    const isTriedAgain =
      outcome._tag === "Failed" &&
      outcome.retryable &&
      !migration.cancelling &&
      Breakers.hasAttempts(state.policy, migration.attempt)
    if (!isTriedAgain) {
      return accept([...pair, ...finish(state, [migration], outcome, at)], { _tag: "Ended", how: "Finished" })
    }
    const retryAt = at + Breakers.pauseAfter(migration.attempt, state.policy.retry, random)
    const retry = { _tag: "RetryScheduled", migration: migration.id, reason: outcome.reason, retryAt } as const
    return accept([...pair, retry], { _tag: "Retrying", retryAt })
  })

/** Cancels these: those that wait at once, those that run must be told. */
export const cancelAll = (
  state: Fleet,
  migrations: ReadonlyArray<Migration>,
  reason: string,
  at: number
): { readonly events: ReadonlyArray<FleetEvent>; readonly told: ReadonlyArray<string> } => {
  const [live, waiting] = [
    migrations.filter(({ phase }) => phase === "running"),
    migrations.filter(({ phase }) => phase !== "running")
  ]
  const asked = live.filter(({ cancelling }) => !cancelling)
  return {
    events: [
      ...asked.map(({ id }): FleetEvent => ({ _tag: "CancelRequested", migration: id })),
      ...finish(state, waiting, { _tag: "Cancelled", reason }, at)
    ],
    told: live.map(({ id }) => id)
  }
}

export const cancel = (state: Fleet, { at, migration, reason }: CommandOf<"Cancel">): Decision => {
  const found = Tables.get(state.migrations, migration)
  if (found !== undefined) {
    const { events, told } = cancelAll(state, [found], reason, at)
    return accept(events, { _tag: "Cancelling", migrations: told })
  }
  const done = state.finished.find(({ id }) => id === migration)
  if (done === undefined) return refuse("unknown", unknown("migration", migration, "look at the list"))
  const rule = "what is finished cannot be cancelled"
  const remedy = done.outcome === "completed" ? "migrate back" : "nothing is left to be done"
  return refuse("conflict", because("fleet.migration.finished", rule, migration, "cancel", done.outcome, remedy))
}
