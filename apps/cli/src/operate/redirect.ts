/** `stopcopy redirect ID`: another destination for a migration that waits; it keeps its place in the queue. */
import { Migration } from "@stopcopy/coordinator-api"
import { Effect } from "effect"
import type { Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { destinationOf } from "./Asked.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"
import { headline } from "./MigrationText.ts"

export interface RedirectOptions extends OperateOptions {
  readonly id: string
  /** `HOST`, or a `HOST/VF` for each VF; none: the coordinator chooses. */
  readonly to: ReadonlyArray<string>
  readonly incoming: boolean
}

/** Ends as soon as the coordinator has taken it: the migration waits on. */
export const redirect = (options: RedirectOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client, command } = yield* Coordinator
      const { id, json } = options
      const payload = yield* destinationOf(options)
      const redirected = yield* client.migrations.redirect({ path: { id }, payload })
      yield* print(json, Migration, redirected, (migration) => [
        headline(migration),
        `redirected; ${migration.phase}, to see it: ${command(`watch ${id}`)}`
      ])
    })
  )
