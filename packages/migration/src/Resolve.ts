/**
 * What an operator may say of a migration in doubt, and what follows from it. A device cannot be asked, so a person vouches for it; if what they
 * say is wrong there are two guests. Pure.
 */
import { type Lane, type Migration, isInDoubt } from "./MigrationState.ts"
import { otherSide, type Side } from "./Order.ts"
import { reclaim, sideOf, type Step } from "./Step.ts"

/** One verdict that is possible now. */
export interface Resolution {
  /** The side that has the guest from now on. */
  readonly verdict: Side
  /** What the operator vouches for, and what will be done, in sentences. */
  readonly consequences: string
  readonly vouched: ReadonlyArray<Side>
  readonly lanes: ReadonlyArray<Lane>
}

const calm = (lanes: ReadonlyArray<Lane>): ReadonlyArray<Lane> => lanes.map((lane) => ({ ...lane, doubt: null }))

const vouching = (order: Migration["order"], side: Side): string =>
  `You vouch that the devices on ${order?.[side] ?? side} (${side}) do not run, and are reset before they run again: if they do run, there are two guests.`

/** While the destination is not known to run, the source still has the guest's state, though it may be fenced already. */
const beforeRun: ReadonlyArray<Step> = ["fence", "adopt", "wake", "run"]

const behindCommit = (state: Migration, step: Step): ReadonlyArray<Resolution> => {
  const { lanes, order } = state
  const onward: Resolution = {
    verdict: "destination",
    consequences: `The guest goes on at the destination. ${vouching(order, "source")} Fencing and resetting the source are tried once more, and left if they fail.`,
    vouched: ["source"],
    lanes: calm(lanes)
  }
  const returned: Resolution = {
    verdict: "source",
    consequences: `The guest goes on at the source, as it was when it was stopped. ${vouching(order, "destination")} Fencing the destination is tried first, and left if it fails.`,
    vouched: ["destination"],
    lanes: [{ name: "main", steps: reclaim, doubt: null }]
  }
  return [...(sideOf(step) === "source" ? [onward] : []), ...(beforeRun.includes(step) ? [returned] : [])]
}

/** Nothing was committed, or an operator took it back: the source has the guest, whatever can be reached. */
const onTheWayBack = ({ lanes, order }: Migration): Resolution => ({
  verdict: "source",
  consequences: `The guest belongs to the source; the migration ends. What cannot be reached is left as it is. ${vouching(order, "destination")} If it is the source that does not answer, look for the guest there: it may stand still.`,
  vouched: ["source", "destination"],
  lanes: calm(lanes)
})

/** The verdicts that are possible now; none unless the migration is in doubt. */
export const resolutions = (state: Migration): ReadonlyArray<Resolution> => {
  if (!isInDoubt(state)) return []
  if (!state.committed || state.cause !== null) return [onTheWayBack(state)]
  const step = state.lanes[0]?.steps[0]
  return step === undefined ? [] : behindCommit(state, step)
}

/** Why this verdict is not possible, in a sentence. */
export const whyNot = (state: Migration, verdict: Side): string => {
  if (!isInDoubt(state)) return "nothing is in doubt: the coordinator ends this migration by itself"
  if (verdict === "source") return "the destination runs already"
  return state.committed && state.cause === null
    ? `it is the destination that is in doubt: make it answer, or give the guest to the ${otherSide(verdict)}`
    : "nothing is committed: only the source has the guest"
}
