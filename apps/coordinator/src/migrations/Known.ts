/** What is known of a migration: what the fleet keeps of it while it lives and for a while after its end, and the state of its last attempt. */
import { NotFound, type Unavailable } from "@stopcopy/coordinator-api"
import type { Finished, Fleet, Migration as Live } from "@stopcopy/fleet"
import type { Conductor, Migration as Attempt } from "@stopcopy/migration"
import { Effect } from "effect"
import { journalUnavailable } from "../requests/once.ts"
import { attemptId } from "./attempts.ts"

/** What the fleet keeps. */
export type Kept = { readonly _tag: "Live"; readonly of: Live } | { readonly _tag: "Finished"; readonly of: Finished }

export interface Known {
  readonly id: string
  /** Undefined for one that ended so long ago that only the journal has it. */
  readonly kept: Kept | undefined
  readonly attempt: Attempt
  /** The id of the last attempt's actor. */
  readonly actor: string
}

const unknown = (id: string): NotFound =>
  new NotFound({ code: "migration.unknown", message: `there is no migration ${id}; look at the list`, refusals: [] })

const attemptsOf = (kept: Kept | undefined): number => {
  if (kept === undefined) return 1
  return kept._tag === "Live" ? kept.of.attempt : kept.of.attempts
}

/** All that the fleet keeps, the newest first. */
export const keptOf = ({ finished, migrations }: Fleet): ReadonlyMap<string, Kept> => {
  const all: ReadonlyArray<Kept> = [
    ...migrations.map((of) => ({ _tag: "Live" as const, of })),
    ...finished.map((of) => ({ _tag: "Finished" as const, of }))
  ]
  const newest = all.toSorted(
    ({ of: one }, { of: other }) => other.queuedAt - one.queuedAt || (other.id < one.id ? -1 : 1)
  )
  return new Map(newest.map((kept) => [kept.of.id, kept]))
}

/** What the fleet keeps of one; undefined if it does not. */
export const keptById = ({ finished, migrations }: Fleet, id: string): Kept | undefined => {
  const live = migrations.find((one) => one.id === id)
  if (live !== undefined) return { _tag: "Live", of: live }
  const ended = finished.find((one) => one.id === id)
  return ended === undefined ? undefined : { _tag: "Finished", of: ended }
}

/** One migration whole; `kept` is what the fleet keeps of it. */
export const known = (
  conductor: Conductor,
  id: string,
  kept: Kept | undefined
): Effect.Effect<Known, NotFound | Unavailable> =>
  Effect.gen(function* () {
    const actor = attemptId(id, attemptsOf(kept))
    const attempt = yield* Effect.mapError(conductor.state(actor), journalUnavailable)
    return kept === undefined && attempt.order === null ? yield* unknown(id) : { id, kept, attempt, actor }
  })
