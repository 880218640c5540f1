/** Applies one event to a migration. Total. */
import type { MigrationEvent } from "./MigrationEvent.ts"
import { type Lane, laneOf, type Migration } from "./MigrationState.ts"
import { facts, type Step } from "./Step.ts"

/** The lanes without the step that one of them began with. */
const without = (lanes: ReadonlyArray<Lane>, step: Step): ReadonlyArray<Lane> =>
  lanes.flatMap((lane): ReadonlyArray<Lane> => {
    if (lane.steps[0] !== step) return [lane]
    return laneOf(lane.name, lane.steps.slice(1))
  })

/** On the way there the next step says the phase. */
const behind = (state: Migration, step: Step): Migration => {
  const lanes = without(state.lanes, step)
  const next = state.cause === null ? lanes[0]?.steps[0] : undefined
  const phase = next === undefined ? state.phase : (facts[next].phase ?? state.phase)
  return { ...state, lanes, phase }
}

export const evolve = (state: Migration, event: MigrationEvent): Migration => {
  switch (event._tag) {
    case "Queued":
      return { ...state, order: event.order }
    case "Started":
      return { ...state, phase: "preflight", lanes: event.lanes }
    case "Accepted":
      return { ...state, epochs: event.epochs, group: event.group }
    case "Refused":
      return { ...state, phase: "refused", blockers: event.blockers, lanes: [] }
    case "StepDone": {
      const { began, ended, moved, step } = event
      return { ...behind(state, step), work: [...state.work, { step, began, ended, moved }] }
    }
    case "Forecasted":
      return { ...state, forecast: event.forecast }
    case "Deferred":
      return { ...state, forecast: event.forecast, waitingSince: event.at }
    case "Agreed":
      return { ...state, digests: event.digests }
    case "Committed":
      return { ...state, committed: true }
    case "TurnedBack":
      return { ...state, phase: event.phase, cause: event.cause, lanes: event.lanes }
    case "Doubted": {
      const doubted = (lane: Lane): Lane => (lane.steps[0] === event.step ? { ...lane, doubt: event.failure } : lane)
      return { ...state, lanes: state.lanes.map(doubted) }
    }
    case "StepSkipped":
      return { ...behind(state, event.step), left: [...state.left, { step: event.step, failure: event.failure }] }
    case "Resolved": {
      const { by, lanes, verdict, vouched } = event
      const turned = verdict === "source" && state.cause === null
      const back = turned ? { phase: "recovering" as const, cause: { _tag: "Resolved" as const, by } } : {}
      return { ...state, ...back, vouched, lanes }
    }
    case "Ended":
      return { ...state, phase: event.phase, lanes: [], downtime: event.downtime }
  }
}
