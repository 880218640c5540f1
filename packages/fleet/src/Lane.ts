/**
 * Queued migrations, sorted for good when they are queued. The rank is `queuedAt - priority * ageingMs`, and the smallest goes first: all age
 * alike, so time changes no order, and a step of priority is worth `ageingMs` of waiting. So whoever is queued with priority p is passed by nobody who is
 * queued more than `(9 - p) * ageingMs` later: the bound against starvation.
 */
import type { Migration, Order } from "./Migration.ts"
import { pfsOf } from "./Migration.ts"
import type { Fleet, Lane } from "./State.ts"
import * as Tables from "./internal/Table.ts"

/** The name of a pair of hosts. */
export const pairOf = (from: string, to: string): string => `${from}>${to}`

/** Milliseconds; the smallest goes first, then the id decides. */
const rankOf = ({ priority, queuedAt }: Pick<Order, "priority" | "queuedAt">, ageingMs: number): number =>
  queuedAt - priority * ageingMs

type Ranked = Lane["queue"][number]

/** Whether `left` goes before `right`. */
export const isBefore = (left: Ranked, right: Ranked): boolean =>
  left.rank < right.rank || (left.rank === right.rank && left.id < right.id)

const placeIn = (queue: Lane["queue"], ranked: Ranked): number => {
  let [low, high] = [0, queue.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const there = queue[middle]
    if (there !== undefined && isBefore(there, ranked)) low = middle + 1
    else high = middle
  }
  return low
}

const laneIdOf = (order: Order, pfs: ReadonlyArray<string>): string =>
  `${pairOf(order.from, order.to)} ${pfs.join(" ")}`

const rankedOf = (state: Fleet, order: Order): Ranked => ({
  rank: rankOf(order, state.policy.ageingMs),
  id: order.id,
  queuedAt: order.queuedAt
})

/** The lanes with this migration in its place. */
export const enqueue = (state: Fleet, order: Order): Fleet["lanes"] => {
  const pfs = pfsOf(order)
  const id = laneIdOf(order, pfs)
  const { from, to } = order
  const lane = Tables.get(state.lanes, id) ?? { id, from, to, pfs, queue: [] }
  const ranked = rankedOf(state, order)
  const queue = lane.queue.slice()
  queue.splice(placeIn(queue, ranked), 0, ranked)
  return Tables.set(state.lanes, { ...lane, queue })
}

/** The lanes without this migration. */
export const dequeue = (state: Fleet, migration: Migration): Fleet["lanes"] => {
  const id = laneIdOf(migration, pfsOf(migration))
  const lane = Tables.get(state.lanes, id)
  if (lane === undefined) return state.lanes
  const queue = lane.queue.slice()
  const place = placeIn(queue, rankedOf(state, migration))
  if (queue[place]?.id !== migration.id) return state.lanes
  queue.splice(place, 1)
  return queue.length === 0 ? Tables.remove(state.lanes, id) : Tables.set(state.lanes, { ...lane, queue })
}

/** The lanes of all queued migrations, for another policy. */
export const rebuild = (state: Fleet): Fleet["lanes"] =>
  state.migrations
    .filter(({ phase }) => phase === "queued")
    .reduce<Fleet>((so, migration) => ({ ...so, lanes: enqueue(so, migration) }), { ...state, lanes: [] }).lanes
