/** Migrations behind their port: the fleet queues them, conductors carry them out, the journal has what became of them. */
import {
  type ApiError,
  type Migration,
  type MigrationFilter,
  type MigrationRequest,
  type MigrationSummary,
  type Phase,
  type RedirectRequest,
  type ResolveRequest,
  ends
} from "@stopcopy/coordinator-api"
import { explainWaiting } from "@stopcopy/fleet"
import { isInDoubt, MigrationDenied } from "@stopcopy/migration"
import { ActorSystem, Journal, type JournalError, withCorrelation } from "@stopcopy/runtime"
import { Clock, Effect, Layer } from "effect"
import { conflict, only } from "../fleet/errors.ts"
import { FleetActor, type FleetActorService } from "../fleet/FleetActor.ts"
import { HostAgents } from "../hosts/HostAgents.ts"
import { Migrations } from "../ports/Migrations.ts"
import { journalUnavailable } from "../requests/once.ts"
import { makeBundles } from "./bundle.ts"
import { type Kept, keptById, keptOf, known } from "./Known.ts"
import { preflight } from "./preflight.ts"
import { Running, type RunningService } from "./Running.ts"
import { destinationOf, submitOf } from "./submission.ts"
import { summaryOfAll } from "./summary.ts"
import { migrationOf, phaseOf, summaryOf } from "./views.ts"
import { behavior as wish } from "./Wish.ts"

interface Parts {
  readonly fleet: FleetActorService
  readonly running: RunningService
  readonly system: ActorSystem["Type"]
}

const lookUp = ({ fleet, running }: Parts, id: string) =>
  Effect.flatMap(fleet.state, (state) => known(running.conductor, id, keptById(state, id)))

const show = (parts: Parts, id: string) =>
  Effect.gen(function* () {
    const [one, state, now] = [yield* lookUp(parts, id), yield* parts.fleet.state, yield* Clock.currentTimeMillis]
    return migrationOf(one, explainWaiting(state, id, now))
  })

const denied = (error: MigrationDenied | JournalError): ApiError =>
  error instanceof MigrationDenied ? conflict(error.refusal) : journalUnavailable(error)

/** The id comes from the request's key: where it is known already it began this migration, and died before it could say so. */
const start = (parts: Parts, id: string, request: MigrationRequest): Effect.Effect<Migration, ApiError> =>
  Effect.gen(function* () {
    const { fleet, system } = parts
    const state = yield* fleet.state
    if (keptById(state, id) === undefined) {
      const { whenOver } = request
      const wished = Effect.flatMap(system.actor(wish, id), (actor) =>
        actor.ask({ _tag: "Wish", whenOver }, { durability: "durable" })
      ).pipe(Effect.mapError(journalUnavailable))
      const submitted = fleet.ask((at) => submitOf(state, id, request, at))
      // It does not start before it is known what was wished for.
      yield* fleet.alone(whenOver._tag === "Abort" ? submitted : Effect.zipRight(submitted, wished))
      yield* fleet.kick
    }
    return yield* show(parts, id)
  }).pipe(withCorrelation(id))

/** What can be said without the state of its last attempt. */
const mayBeWanted = ({ evacuation, group, host, live, phase }: MigrationFilter, { _tag, of }: Kept): boolean =>
  (host === undefined || of.from === host || of.to === host) &&
  (group === undefined || of.group === group) &&
  (evacuation === undefined || of.evacuation === evacuation) &&
  (live === undefined || live === (_tag === "Live")) &&
  (phase === undefined || ends.includes(phase) === (_tag === "Finished"))

const list = ({ fleet, running }: Parts, filter: MigrationFilter) =>
  Effect.gen(function* () {
    const { after, limit, phase } = filter
    const all = [...keptOf(yield* fleet.state).values()]
    const rest = after === undefined ? all : all.slice(all.findIndex(({ of }) => of.id === after) + 1)
    const found: Array<MigrationSummary> = []
    for (const kept of rest.filter((one) => mayBeWanted(filter, one))) {
      if (found.length > limit) break
      const one = summaryOf(yield* known(running.conductor, kept.of.id, kept))
      if (phase === undefined || one.phase === phase) found.push(one)
    }
    const migrations = found.slice(0, limit)
    return { migrations, next: found.length > limit ? (migrations.at(-1)?.id ?? null) : null }
  })

/** What runs is asked first: behind the commit there is no way back, and the fleet is not told of a wish that cannot be met. */
const cancel = (parts: Parts, id: string, reason: string) =>
  Effect.gen(function* () {
    const { fleet, running } = parts
    const one = yield* lookUp(parts, id)
    if (one.kept?._tag === "Live" && one.kept.of.phase === "running" && one.attempt.order !== null) {
      yield* Effect.mapError(running.conductor.cancel(one.actor, reason), denied)
    }
    const isCancelled = phaseOf(one) === "cancelled"
    if (!isCancelled) yield* fleet.ask((at) => ({ _tag: "Cancel", migration: id, reason, at }))
    yield* fleet.kick
    return yield* show(parts, id)
  })

const redirect = (parts: Parts, id: string, { to }: RedirectRequest): Effect.Effect<Migration, ApiError> =>
  Effect.gen(function* () {
    const { fleet } = parts
    yield* lookUp(parts, id)
    yield* fleet.ask((at) => ({ _tag: "Redirect", migration: id, to: destinationOf(to), at }))
    yield* fleet.kick
    return yield* show(parts, id)
  }).pipe(withCorrelation(id))

const changed = (id: string, { accepting, verdict }: ResolveRequest, is: string) =>
  conflict({
    code: "migration.resolve.accepting",
    rule: "who resolves repeats the consequences, word for word",
    where: `${id} to the ${verdict}`,
    source: accepting,
    destination: is,
    remedy: "read the resolutions of the migration as they are now, and repeat those"
  })

const resolve = (parts: Parts, id: string, request: ResolveRequest, by: string) =>
  Effect.gen(function* () {
    const one = yield* lookUp(parts, id)
    const possible = migrationOf(one).resolutions.find(({ verdict }) => verdict === request.verdict)
    if (possible !== undefined && possible.consequences !== request.accepting) {
      return yield* changed(id, request, possible.consequences)
    }
    yield* Effect.mapError(parts.running.conductor.resolve(one.actor, request.verdict, by), denied)
    return yield* show(parts, id)
  })

const liveCounts = ({ fleet, running }: Parts) =>
  Effect.gen(function* () {
    const state = yield* fleet.state
    const phases = new Map<Phase, number>()
    let inDoubt = 0
    for (const live of state.migrations) {
      const kept: Kept = { _tag: "Live", of: live }
      const one = live.phase === "running" ? yield* known(running.conductor, live.id, kept) : undefined
      const phase = one === undefined ? "queued" : phaseOf(one)
      if (one !== undefined && isInDoubt(one.attempt)) inDoubt += 1
      phases.set(phase, (phases.get(phase) ?? 0) + 1)
    }
    return { phases, inDoubt }
  })

const summary = (parts: Parts) =>
  Effect.gen(function* () {
    const [state, now] = [yield* parts.fleet.state, yield* Clock.currentTimeMillis]
    return summaryOfAll(state.finished, yield* liveCounts(parts), now)
  })

/** Over the actor of the fleet, the agents of hosts, and the migrations that run. */
export const migrationsLive: Layer.Layer<Migrations, never, FleetActor | HostAgents | Running | ActorSystem | Journal> =
  Layer.effect(
    Migrations,
    Effect.gen(function* () {
      const parts: Parts = { fleet: yield* FleetActor, running: yield* Running, system: yield* ActorSystem }
      const agents = yield* HostAgents
      const bundle = makeBundles({ journal: yield* Journal, agents, conductor: parts.running.conductor })
      return {
        preflight: (request) => preflight(parts.fleet.state, agents, request).pipe(only("NotFound")),
        start: (id, request) => start(parts, id, request).pipe(only("NotFound", "Conflict", "Refused")),
        list: (filter) => list(parts, filter).pipe(only()),
        show: (id) => show(parts, id),
        cancel: (id, reason) => cancel(parts, id, reason).pipe(only("NotFound", "Conflict")),
        redirect: (id, request) => redirect(parts, id, request).pipe(only("NotFound", "Conflict", "Refused")),
        resolve: (id, request, by) => resolve(parts, id, request, by).pipe(only("NotFound", "Conflict")),
        bundle: (id, query) => Effect.flatMap(lookUp(parts, id), (one) => bundle(one, query)).pipe(only("NotFound")),
        summary: summary(parts).pipe(only()),
        phases: Effect.map(liveCounts(parts), ({ phases }) => phases).pipe(only())
      }
    })
  )
