/** A list of migrations as a page asks for it: filters, and how many from the newest on, over as many pages of the API as that takes. */
import { type Client, type MigrationSummary, pageLimits, Phase } from "@stopcopy/coordinator-api"
import { Effect, Schema } from "effect"
import type { CallError } from "../session/Problem.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** What is asked for. */
const Query = Schema.Struct({
  phase: optional(Phase),
  live: optional(Schema.Boolean),
  host: optional(Schema.String),
  group: optional(Schema.String),
  evacuation: optional(Schema.String),
  count: Schema.Int
})
export type MigrationQuery = typeof Query.Type

export interface MigrationList {
  readonly migrations: ReadonlyArray<MigrationSummary>
  /** Whether there are more. */
  readonly hasMore: boolean
}

const decode = Schema.decodeSync(Schema.parseJson(Query))

/** Reads the list whose query is this JSON. */
export const readMigrations = (client: Client, key: string): Effect.Effect<MigrationList, CallError> =>
  Effect.gen(function* () {
    const { count, ...filter } = decode(key)
    const migrations: Array<MigrationSummary> = []
    let after: string | undefined
    for (;;) {
      const limit = Math.min(pageLimits.most, count - migrations.length)
      const urlParams = after === undefined ? { ...filter, limit } : { ...filter, limit, after }
      const page = yield* client.migrations.list({ urlParams })
      migrations.push(...page.migrations)
      if (page.next === null || migrations.length >= count) return { migrations, hasMore: page.next !== null }
      after = page.next
    }
  })
