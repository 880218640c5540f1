/** `stopcopy migrate`: begins a migration, shows how it goes, and ends as it does. */
import { Migration, type MigrationRequest } from "@stopcopy/coordinator-api"
import { Effect, Option } from "effect"
import type { Outcome } from "../Outcome.ts"
import type { Terminal } from "../Terminal.ts"
import { asked, type AskedOptions } from "./Asked.ts"
import { begin } from "./begin.ts"
import { Coordinator, type OperateOptions, operating, print } from "./Coordinator.ts"
import { ending, followMigration } from "./followMigration.ts"
import { headline } from "./MigrationText.ts"
import { parsePriority } from "./Priority.ts"
import { parseMillis } from "./Units.ts"

export interface MigrateOptions extends OperateOptions, AskedOptions {
  readonly wait: boolean
  readonly priority: Option.Option<string>
  readonly downtimeLimit: Option.Option<string>
  /** How long it may wait in PRE_COPY for a better moment. */
  readonly patience: Option.Option<string>
  readonly key: Option.Option<string>
}

const requestOf = (options: MigrateOptions) =>
  Effect.gen(function* () {
    const limit = yield* Effect.transposeMapOption(options.downtimeLimit, (text) =>
      parseMillis("--downtime-limit", text)
    )
    const patience = yield* Effect.transposeMapOption(options.patience, (text) => parseMillis("--patience", text))
    const priority = yield* parsePriority(options.priority)
    const request: MigrationRequest = {
      ...(yield* asked(options)),
      priority,
      ...Option.getOrUndefined(Option.map(limit, (downtimeLimitMillis) => ({ downtimeLimitMillis }))),
      whenOver: Option.match(patience, {
        onNone: () => ({ _tag: "Abort" as const }),
        onSome: (millis) => ({ _tag: "Wait" as const, millis })
      })
    }
    return request
  })

/** Ends with the migration, or as soon as it is in doubt; with `wait` off when it is queued. */
export const migrate = (options: MigrateOptions): Effect.Effect<void, Outcome, Terminal> =>
  operating(
    options,
    Effect.gen(function* () {
      const { client } = yield* Coordinator
      const payload = yield* requestOf(options)
      const begun = yield* begin(
        options.key,
        (headers) => client.migrations.start({ headers, payload }),
        "stopcopy list --live"
      )
      if (!options.wait) return yield* print(options.json, Migration, begun, (migration) => [headline(migration)])
      const ended = yield* followMigration(begun, { json: options.json, untilDoubt: true, changes: false })
      yield* ending(ended)
    })
  )
