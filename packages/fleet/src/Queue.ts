/**
 * Which queued migrations may start now: a pure function of state and time. Lanes (`Lane.ts`) are looked at in the order of their first migration. One that
 * is shut (`Gate.ts`) or finds no slot is passed over and holds up nobody, until its first migration has waited for `ageingMs`: then the slots that it
 * needs are kept free for it, so that it is not passed for ever by those that need fewer. With that everything starts that can: only those of smaller
 * rank go before it, and those are finitely many.
 *
 * Costs: each lane once, and the logarithm of the lanes for each migration that starts; how many are queued behind the first of a lane costs nothing.
 */
import { full, gate, runningOn, type Waiting } from "./Gate.ts"
import { Heap } from "./internal/Heap.ts"
import * as Tables from "./internal/Table.ts"
import { isBefore, pairOf } from "./Lane.ts"
import { pfsOf } from "./Migration.ts"
import type { Fleet, Lane } from "./State.ts"

/** A lane that is open, and how far its queue was taken. */
interface Candidate {
  readonly lane: Lane
  readonly first: Lane["queue"][number]
  readonly place: number
}

/** Slots in use: those of what runs, and those that this pass gives out or keeps free. */
class Slots {
  readonly #state: Fleet
  readonly #taken = new Map<string, number>()

  constructor(state: Fleet) {
    this.#state = state
  }

  #isFree(id: string, limit: number): boolean {
    return runningOn(this.#state, id) + (this.#taken.get(id) ?? 0) < limit
  }

  /** Whether each host and PF of the lane has a slot. */
  areFree({ from, pfs, to }: Lane): boolean {
    const { host, pf } = this.#state.policy.limits
    return this.#isFree(from, host) && this.#isFree(to, host) && pfs.every((id) => this.#isFree(id, pf))
  }

  take({ from, pfs, to }: Lane): void {
    for (const id of [from, to, ...pfs]) this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1)
  }
}

const hasWaited = ({ policy }: Fleet, { queuedAt }: Lane["queue"][number], now: number): boolean =>
  now - queuedAt >= policy.ageingMs

const candidates = (state: Fleet, slots: Slots, now: number): Heap<Candidate> => {
  const heap = new Heap<Candidate>((left, right) => isBefore(left.first, right.first))
  for (const lane of state.lanes) {
    const [first] = lane.queue
    if (first === undefined) continue
    // Slots only get fewer from here on: who finds none and may keep none has nothing to do here.
    if (!slots.areFree(lane) && !hasWaited(state, first, now)) continue
    if (gate(state, lane, now).length === 0) heap.push({ lane, first, place: 0 })
  }
  return heap
}

/** Ids of the migrations that may start now, in the order in which they go. No limit is exceeded if all of them start. */
export const startable = (state: Fleet, now: number): ReadonlyArray<string> => {
  let room = state.policy.limits.fleet - state.running
  if (room <= 0 || state.lanes.length === 0) return []
  const slots = new Slots(state)
  const heap = candidates(state, slots, now)
  const probing = new Set<string>()
  const found: Array<string> = []
  for (let next = heap.pop(); next !== undefined && room > 0; next = heap.pop()) {
    const { first, lane, place } = next
    const pair = pairOf(lane.from, lane.to)
    if (probing.has(pair)) continue
    const isFree = slots.areFree(lane)
    if (isFree || hasWaited(state, first, now)) slots.take(lane)
    if (!isFree) continue
    found.push(first.id)
    room -= 1
    if ((Tables.get(state.breakers, pair)?.until ?? null) !== null) probing.add(pair)
    const after = lane.queue[place + 1]
    if (after !== undefined) heap.push({ ...next, first: after, place: place + 1 })
  }
  return found
}

/** When to look again although nothing happened: a pause of a migration or of a pair of hosts ends. Undefined: never. */
export const wakeAt = (state: Fleet, now: number): number | undefined => {
  const pauses = state.breakers.flatMap(({ until }) => (until !== null && until > now ? [until] : []))
  const [delayed] = state.delayed
  const times = delayed === undefined ? pauses : [delayed.at, ...pauses]
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Why a migration does not run now, every reason at once; none if it may start with the next `Schedule`, or runs. Undefined: it is not live. */
export const explain = (state: Fleet, id: string, now: number): ReadonlyArray<Waiting> | undefined => {
  const migration = Tables.get(state.migrations, id)
  if (migration === undefined) return undefined
  if (migration.phase === "running") return []
  const lane = { ...migration, pfs: pfsOf(migration) }
  const { attempt, lastReason, retryAt } = migration
  const retry =
    retryAt === null || retryAt <= now
      ? []
      : [{ code: "fleet.retry", reason: `attempt ${attempt} failed: ${lastReason ?? ""}`, until: retryAt }]
  const reasons = [...retry, ...gate(state, lane, now), ...full(state, lane)]
  if (reasons.length > 0 || startable(state, now).includes(id) || migration.phase === "retrying") return reasons
  return [{ code: "fleet.queue", reason: "others go first", until: null }]
}
