/** Decides which migrations start now. What was started and is not ended is in the state: after a crash it is carried on from there. */
import type { CommandOf } from "../Command.ts"
import { accept, type Decision, type Start } from "../Decision.ts"
import type { FleetEvent } from "../Event.ts"
import { evolve } from "../Evolve.ts"
import { forecast } from "../History.ts"
import * as Tables from "../internal/Table.ts"
import { startable, wakeAt } from "../Queue.ts"
import type { Fleet } from "../State.ts"

/** Those whose pause is over. */
const due = (state: Fleet, now: number): ReadonlyArray<FleetEvent> => {
  const events: Array<FleetEvent> = []
  for (const { at, id } of state.delayed) {
    if (at > now) break
    events.push({ _tag: "RetryDue", migration: id })
  }
  return events
}

export const schedule = (state: Fleet, { at }: CommandOf<"Schedule">): Decision => {
  const back = due(state, at)
  const ready = back.reduce(evolve, state)
  const expected = { downtime: forecast(ready.history, "downtime"), duration: forecast(ready.history, "duration") }
  const starts = startable(ready, at).flatMap((id): ReadonlyArray<Start> => {
    const migration = Tables.get(ready.migrations, id)
    if (migration === undefined) return []
    const running = { ...migration, phase: "running" as const, attempt: migration.attempt + 1, retryAt: null }
    return [{ migration: running, forecast: expected }]
  })
  const started = starts.map(({ migration: { attempt, id } }): FleetEvent => ({
    _tag: "MigrationStarted",
    migration: id,
    attempt,
    at
  }))
  return accept([...back, ...started], { _tag: "Scheduled", starts, wakeAt: wakeAt(ready, at) ?? null })
}
