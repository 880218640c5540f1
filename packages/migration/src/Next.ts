/** What is to be done next, as data: for each lane the calls of its first step. Read from the recorded state alone. */
import type { Destination } from "@stopcopy/agent"
import type { Lane, Migration, Moving } from "./MigrationState.ts"
import type { Member } from "./Order.ts"
import { standstill } from "./Standstill.ts"
import { type Deed, facts, type Step } from "./Step.ts"

/** One device of the group, under the epochs of the step. */
export interface Target {
  readonly source: string
  readonly destination: string
  /** What a call on either side carries to be judged under the epoch that the device has. */
  readonly epochs: { readonly source: number; readonly destination: number }
  /** The epoch of the deed itself. */
  readonly epoch: number
  /** The migration features of the device on both sides. */
  readonly flags: number
  /** Where the source is told that its guest goes; null at steps at which it need not know, or is not to go. */
  readonly goal: Destination | null
  /** What it votes for; none unless the deed is a vote for loaded state. */
  readonly digest: string | null
}

/** One step to be performed. */
export interface Action {
  readonly lane: Lane["name"]
  readonly step: Step
  readonly deed: Deed
  /** The hosts. */
  readonly source: string
  readonly destination: string
  readonly targets: ReadonlyArray<Target>
  /** It could not be done, or should not be, a moment ago: wait before it is tried again. */
  readonly again: boolean
  /** When the guest has been standing still for as long as it may: microseconds since 1970. Null: it does not, or there is no way back. */
  readonly until: number | null
}

const epochOf = (deed: Deed, ownEpoch: number, { epochs }: Migration): number => {
  if (!("epoch" in deed)) return 0
  return deed.epoch === "own" ? ownEpoch : (epochs?.[deed.epoch] ?? 0)
}

/** On the way there, at the steps at which the guest's VMM does its part. On a way back it does not go, whatever an operator orders. */
const led: ReadonlySet<Step> = new Set<Step>(["precopy", "stop", "fence"])

const goalOf = ({ cause, order }: Migration, member: Member | Moving, step: Step): Destination | null =>
  order !== null && cause === null && led.has(step) && "socketPath" in member
    ? { host: order.destination, device: member.destination, socketPath: member.socketPath }
    : null

const targetsOf = (state: Migration, step: Step): ReadonlyArray<Target> => {
  const { deed } = facts[step]
  // Before the preflight nothing is known but the names.
  const group = state.group.length > 0 ? state.group : (state.order?.members ?? [])
  return group.map((member, at) => {
    const ownEpoch = "ownEpoch" in member ? member.ownEpoch : 0
    return {
      source: member.source,
      destination: member.destination,
      epochs: { source: ownEpoch, destination: state.epochs?.claim ?? 0 },
      epoch: epochOf(deed, ownEpoch, state),
      flags: "flags" in member ? member.flags : 0,
      goal: goalOf(state, member, step),
      digest: step === "vote" ? (state.digests[at] ?? null) : null
    }
  })
}

/** The first steps of all lanes; empty before the start and behind the end. */
export const next = (state: Migration): ReadonlyArray<Action> => {
  const { lanes, order, waitingSince } = state
  if (order === null) return []
  return lanes.map(({ doubt, name, steps: [step] }) => ({
    lane: name,
    step,
    deed: facts[step].deed,
    source: order.source,
    destination: order.destination,
    targets: targetsOf(state, step),
    again: doubt !== null || (step === "judge" && waitingSince !== null),
    until: standstill(state)?.until ?? null
  }))
}
