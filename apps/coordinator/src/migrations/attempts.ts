/** The attempts of a migration: each is carried out by an actor of its own, `migration/ID` for the first, `migration/ID.2` and so on. Pure. */
import type { WhenOver } from "@stopcopy/coordinator-api"
import type * as Fleets from "@stopcopy/fleet"
import type { Order } from "@stopcopy/migration"
import * as Arr from "effect/Array"

/** The id of an attempt; before the first it is that of the first. */
export const attemptId = (migration: string, attempt: number): string =>
  attempt <= 1 ? migration : `${migration}.${attempt}`

/** What is to be carried out; undefined if it has no devices, which the fleet does not queue. */
export const orderOf = (migration: Fleets.Migration, whenOver: WhenOver): Order | undefined => {
  const { downtimeLimitMs: downtimeMillis, from: source, moves, to: destination } = migration
  const members = moves.map((move) => ({ source: move.source, destination: move.destination }))
  return Arr.isNonEmptyArray(members)
    ? { source, destination, members, limits: { downtimeMillis, whenOver } }
    : undefined
}
