/** Lists in pages: the newest first, each page with the id after which the next one begins. */
import { Schema } from "effect"
import { MigrationSummary, Phase } from "./Migration.ts"
import { EvacuationId, GroupName, HostName, MigrationId, optional, strict } from "./Values.ts"

/** Items of one page, if nobody says otherwise, and at most. */
export const pageLimits = { default: 50, most: 500 } as const

export const Limit = Schema.NumberFromString.pipe(
  Schema.int({ message: () => "a page has a whole number of items" }),
  Schema.between(1, pageLimits.most, { message: () => `a page has 1 to ${pageLimits.most} items` })
)

export const MigrationFilter = Schema.Struct({
  phase: optional(Phase),
  /** As source or destination. */
  host: optional(HostName),
  group: optional(GroupName),
  evacuation: optional(EvacuationId),
  /** `live`: not ended. */
  live: optional(Schema.BooleanFromString),
  after: optional(MigrationId),
  limit: Schema.optionalWith(Limit, { default: () => pageLimits.default })
}).annotations(strict)
export type MigrationFilter = typeof MigrationFilter.Type

export const MigrationPage = Schema.Struct({
  migrations: Schema.Array(MigrationSummary),
  /** What to ask for with `after`; null behind the last page. */
  next: Schema.NullOr(MigrationId)
}).annotations({ identifier: "MigrationPage" })
export type MigrationPage = typeof MigrationPage.Type
