/** Applies what happens to evacuations. */
import type { EventOf } from "../Event.ts"
import * as Tables from "../internal/Table.ts"
import type { Finished } from "../Migration.ts"
import { type Fleet, finishedEvacuationLimit } from "../State.ts"

export const started = (state: Fleet, event: EventOf<"EvacuationStarted">): Fleet => ({
  ...state,
  evacuations: Tables.set(state.evacuations, {
    id: event.evacuation,
    host: event.host,
    pf: event.pf,
    startedAt: event.at,
    cancelling: false,
    moves: event.moves,
    completed: 0,
    failed: 0,
    cancelled: 0,
    turnedDown: 0,
    idle: event.idle,
    refused: event.refused,
    willStop: event.willStop
  })
})

const fields = { completed: "completed", failed: "failed", cancelled: "cancelled", refused: "turnedDown" } as const

/** One migration of the evacuation more that ended so. */
export const counted = (
  evacuations: Fleet["evacuations"],
  id: string,
  outcome: Finished["outcome"]
): Fleet["evacuations"] =>
  Tables.update(evacuations, id, (evacuation) => ({
    ...evacuation,
    [fields[outcome]]: evacuation[fields[outcome]] + 1
  }))

export const cancelled = (state: Fleet, { evacuation }: EventOf<"EvacuationCancelled">): Fleet => ({
  ...state,
  evacuations: Tables.update(state.evacuations, evacuation, (before) => ({ ...before, cancelling: true }))
})

export const finished = (state: Fleet, { at, evacuation }: EventOf<"EvacuationFinished">): Fleet => {
  const before = Tables.get(state.evacuations, evacuation)
  if (before === undefined) return state
  const { cancelling: wasCancelled, refused, willStop, ...rest } = before
  const done = { ...rest, finishedAt: at, wasCancelled, refused: refused.length, willStop: willStop.length }
  return {
    ...state,
    evacuations: Tables.remove(state.evacuations, evacuation),
    finishedEvacuations: [...state.finishedEvacuations.slice(-(finishedEvacuationLimit - 1)), done]
  }
}
