/** The port to migrations, in terms of the API. Whoever is behind it keeps durably what it answers. */
import type {
  BundleQuery,
  Conflict,
  Migration,
  MigrationFilter,
  MigrationPage,
  MigrationRequest,
  NotFound,
  Phase,
  Preflight,
  PreflightRequest,
  RedirectRequest,
  Refused,
  ResolveRequest,
  Summary
} from "@stopcopy/coordinator-api"
import { Context, type Effect } from "effect"
import type { Common } from "./Common.ts"

interface MigrationsService {
  /** Asks both hosts afresh; changes nothing. */
  readonly preflight: (request: PreflightRequest) => Effect.Effect<Preflight, NotFound | Common>
  /** The same id again is the migration that it stands for, if the request is the same. */
  readonly start: (
    id: string,
    request: MigrationRequest
  ) => Effect.Effect<Migration, NotFound | Conflict | Refused | Common>
  /** The newest first. */
  readonly list: (filter: MigrationFilter) => Effect.Effect<MigrationPage, Common>
  readonly show: (id: string) => Effect.Effect<Migration, NotFound | Common>
  readonly cancel: (id: string, reason: string) => Effect.Effect<Migration, NotFound | Conflict | Common>
  /** Another destination for one that waits; it keeps its place in the queue. */
  readonly redirect: (
    id: string,
    request: RedirectRequest
  ) => Effect.Effect<Migration, NotFound | Conflict | Refused | Common>
  /** `by`: who vouches. */
  readonly resolve: (
    id: string,
    request: ResolveRequest,
    by: string
  ) => Effect.Effect<Migration, NotFound | Conflict | Common>
  /** Everything that was recorded for one attempt, as an incident bundle. */
  readonly bundle: (id: string, query: BundleQuery) => Effect.Effect<Uint8Array, NotFound | Common>
  readonly summary: Effect.Effect<Summary, Common>
  /** How many migrations that have not ended are in each phase. */
  readonly phases: Effect.Effect<ReadonlyMap<Phase, number>, Common>
}

export class Migrations extends Context.Tag("@stopcopy/coordinator/Migrations")<Migrations, MigrationsService>() {}
