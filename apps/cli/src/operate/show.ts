/** `stopcopy show ID`: everything about a migration or an evacuation. */
import { Evacuation, Migration } from "@stopcopy/coordinator-api"
import { Clock, Effect } from "effect"
import type { Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { type OperateOptions, operating, print } from "./Coordinator.ts"
import { evacuationLines } from "./EvacuationText.ts"
import { find } from "./Found.ts"
import { migrationLines } from "./MigrationText.ts"

export interface ShowOptions extends OperateOptions {
  readonly id: string
}

export const show = (options: ShowOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const found = yield* find(options.id)
      yield* found._tag === "Migration"
        ? print(options.json, Migration, found.migration, (migration) => migrationLines(migration, now))
        : print(options.json, Evacuation, found.evacuation, (evacuation) => evacuationLines(evacuation, now))
    })
  )
