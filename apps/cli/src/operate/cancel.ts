/** `stopcopy cancel ID`: the guest goes on at the source; of an evacuation, what has moved stays moved. */
import { Evacuation, Migration } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import { Negative, type Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"
import { followEvacuation } from "./followEvacuation.ts"
import * as Migrations from "./followMigration.ts"
import { find } from "./Found.ts"

export interface CancelOptions extends OperateOptions {
  readonly id: string
  readonly reason: string
  readonly wait: boolean
}

const cancelMigration = ({ id, json, reason, wait }: CancelOptions) =>
  Effect.gen(function* () {
    const { client } = yield* Coordinator
    const asked = yield* client.migrations.cancel({ path: { id }, payload: { reason } })
    if (!wait) return yield* print(json, Migration, asked, ({ phase }) => [`${id}: ${phase}`])
    const ended = yield* Migrations.followMigration(asked, { json, untilDoubt: true, changes: false })
    if (ended.phase === "completed") yield* new Negative({ message: `${id} completed before it could be cancelled` })
    // That it was cancelled is what was asked for.
    if (ended.phase !== "cancelled") yield* Migrations.ending(ended)
  })

const cancelEvacuation = ({ id, json, wait }: CancelOptions) =>
  Effect.gen(function* () {
    const { client } = yield* Coordinator
    const asked = yield* client.evacuations.cancel({ path: { id } })
    if (!wait) return yield* print(json, Evacuation, asked, ({ state }) => [`${id}: ${state}`])
    const ended = yield* followEvacuation(asked, { json, changes: false })
    if (ended.state !== "cancelled") yield* new Negative({ message: `${id} finished before it could be cancelled` })
  })

/** Ends when the cancelling has, unless `wait` is off. */
export const cancel = (options: CancelOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.flatMap(find(options.id), ({ _tag }) =>
      _tag === "Migration" ? cancelMigration(options) : cancelEvacuation(options)
    )
  )
