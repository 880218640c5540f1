/** Applies what happens to migrations: reservations, lanes, load, and what is left when one is finished. */
import { describe } from "@stopcopy/errno"
import type { EventOf } from "../Event.ts"
import * as Tables from "../internal/Table.ts"
import { record } from "../History.ts"
import { dequeue, enqueue, pairOf } from "../Lane.ts"
import { type Finished, type Migration, type Outcome, pfsOf, vfsOf } from "../Migration.ts"
import { type Fleet, finishedLimit } from "../State.ts"
import { counted } from "./Evacuations.ts"
import { withGroup } from "./Hosts.ts"

export const queued = (state: Fleet, { order }: EventOf<"MigrationQueued">): Fleet => ({
  ...state,
  migrations: Tables.set(state.migrations, {
    ...order,
    phase: "queued",
    attempt: 0,
    retryAt: null,
    cancelling: false,
    lastReason: null
  }),
  reserved: Tables.setAll(
    state.reserved,
    vfsOf(order).map((id) => ({ id, migration: order.id }))
  ),
  lanes: enqueue(state, order)
})

/** The load with `change` more on everything that the migration touches. */
const loaded = (state: Fleet, migration: Migration, change: 1 | -1): Fleet => ({
  ...state,
  running: state.running + change,
  load: [migration.from, migration.to, ...pfsOf(migration)].reduce((all, id) => {
    const running = (Tables.get(all, id)?.running ?? 0) + change
    return running === 0 ? Tables.remove(all, id) : Tables.set(all, { id, running })
  }, state.load)
})

/** Applies `change` to the migration with this id, if it is live. */
const withMigration = (state: Fleet, id: string, change: (migration: Migration) => Fleet): Fleet => {
  const migration = Tables.get(state.migrations, id)
  return migration === undefined ? state : change(migration)
}

const replaced = (state: Fleet, migration: Migration): Fleet => ({
  ...state,
  migrations: Tables.set(state.migrations, migration)
})

/** A breaker that is not closed lets one migration through: it is the probe. */
const probing = (state: Fleet, { from, id, to }: Migration): Fleet => ({
  ...state,
  breakers: Tables.update(state.breakers, pairOf(from, to), (breaker) =>
    breaker.until === null ? breaker : { ...breaker, probe: id }
  )
})

const probed = (state: Fleet, { from, id, to }: Migration): Fleet => ({
  ...state,
  breakers: Tables.update(state.breakers, pairOf(from, to), (breaker) =>
    breaker.probe === id ? { ...breaker, probe: null } : breaker
  )
})

export const started = (state: Fleet, { attempt, migration }: EventOf<"MigrationStarted">): Fleet =>
  withMigration(state, migration, (before) => {
    const taken = { ...state, lanes: dequeue(state, before) }
    return replaced(probing(loaded(taken, before, 1), before), { ...before, phase: "running", attempt, retryAt: null })
  })

export const redirected = (state: Fleet, { migration, moves, to }: EventOf<"MigrationRedirected">): Fleet =>
  withMigration(state, migration, (before) => {
    const next = { ...before, moves, to }
    const isQueued = before.phase === "queued"
    const left = isQueued ? { ...state, lanes: dequeue(state, before) } : state
    return replaced(
      {
        ...left,
        lanes: isQueued ? enqueue(left, next) : left.lanes,
        reserved: Tables.setAll(
          Tables.removeAll(left.reserved, vfsOf(before)),
          vfsOf(next).map((id) => ({ id, migration }))
        )
      },
      next
    )
  })

export const cancelRequested = (state: Fleet, { migration }: EventOf<"CancelRequested">): Fleet =>
  withMigration(state, migration, (before) => replaced(state, { ...before, cancelling: true }))

export const retryScheduled = (state: Fleet, event: EventOf<"RetryScheduled">): Fleet =>
  withMigration(state, event.migration, (before) => {
    const { reason, retryAt } = event
    const waiting = { at: retryAt, id: before.id }
    const place = state.delayed.findIndex(({ at, id }) => at > retryAt || (at === retryAt && id > before.id))
    const delayed = state.delayed.toSpliced(place === -1 ? state.delayed.length : place, 0, waiting)
    const next = probed(loaded({ ...state, delayed }, before, -1), before)
    return replaced(next, { ...before, phase: "retrying", retryAt, lastReason: reason })
  })

export const retryDue = (state: Fleet, { migration }: EventOf<"RetryDue">): Fleet =>
  withMigration(state, migration, (before) =>
    replaced(
      {
        ...state,
        delayed: state.delayed.filter(({ id }) => id !== migration),
        lanes: enqueue(state, before)
      },
      { ...before, phase: "queued", retryAt: null }
    )
  )

/** Out of whatever the migration stands in. */
const taken = (state: Fleet, migration: Migration): Fleet => {
  switch (migration.phase) {
    case "queued":
      return { ...state, lanes: dequeue(state, migration) }
    case "retrying":
      return { ...state, delayed: state.delayed.filter(({ id }) => id !== migration.id) }
    case "running":
      return probed(loaded(state, migration, -1), migration)
  }
}

const outcomeNames = { Completed: "completed", Failed: "failed", Cancelled: "cancelled", Refused: "refused" } as const

const reasonOf = (outcome: Outcome): string => {
  switch (outcome._tag) {
    case "Completed":
      return ""
    case "Failed":
    case "Cancelled":
      return outcome.reason
    case "Refused":
      return outcome.refusals.map(describe).join("; ")
  }
}

const summary = (migration: Migration, { at, outcome }: EventOf<"MigrationFinished">): Finished => ({
  id: migration.id,
  group: migration.group,
  from: migration.from,
  to: migration.to,
  evacuation: migration.evacuation,
  priority: migration.priority,
  outcome: outcomeNames[outcome._tag],
  reason: reasonOf(outcome),
  attempts: migration.attempt,
  queuedAt: migration.queuedAt,
  finishedAt: at,
  downtimeMs: outcome._tag === "Completed" ? outcome.downtimeMs : null
})

/** The group is on the destination, and what it took is remembered. */
const completed = (state: Fleet, { group, moves, to }: Migration, outcome: Outcome): Fleet => {
  if (outcome._tag !== "Completed") return state
  const moved = withGroup(state, { id: group, host: to, devices: moves.map(({ destination }) => destination) })
  return { ...moved, history: record(state.history, outcome) }
}

export const finished = (state: Fleet, event: EventOf<"MigrationFinished">): Fleet =>
  withMigration(state, event.migration, (migration) => {
    const { evacuation, id } = migration
    const done = summary(migration, event)
    const free = taken(state, migration)
    const left = {
      ...free,
      migrations: Tables.remove(free.migrations, id),
      reserved: Tables.removeAll(free.reserved, vfsOf(migration)),
      finished: [...free.finished.slice(-(finishedLimit - 1)), done],
      evacuations: evacuation === null ? free.evacuations : counted(free.evacuations, evacuation, done.outcome)
    }
    return completed(left, migration, event.outcome)
  })

export const pairFailed = (state: Fleet, event: EventOf<"PairFailed">): Fleet => {
  const { failures, from, opened, reason: lastReason, to, until } = event
  const id = pairOf(from, to)
  // The probe ends with the migration that it is, a moment later in the same decision.
  const probe = Tables.get(state.breakers, id)?.probe ?? null
  return {
    ...state,
    breakers: Tables.set(state.breakers, { id, from, to, failures, lastReason, opened, until, probe })
  }
}

export const pairRecovered = (state: Fleet, { from, to }: EventOf<"PairRecovered">): Fleet => ({
  ...state,
  breakers: Tables.remove(state.breakers, pairOf(from, to))
})
