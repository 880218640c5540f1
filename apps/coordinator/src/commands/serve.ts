/** `serve`: coordinates until it is asked to end. Lines on standard output: `api URL`, then `ready`. */
import type { Patience } from "@stopcopy/migration"
import { ActorSystem, type Journal, type JournalError } from "@stopcopy/runtime"
import { Failed, logging, Misuse, problemLines } from "@stopcopy/service"
import { endAsked } from "@stopcopy/service/process"
import { tracing } from "@stopcopy/service/tracing"
import { Effect, Either, Layer } from "effect"
import { FleetActor } from "../fleet/FleetActor.ts"
import { fleetLive } from "../fleet/FleetLive.ts"
import { HostAgents } from "../hosts/HostAgents.ts"
import { Watching } from "../hosts/Watching.ts"
import { serveApi } from "../http/serve.ts"
import { keepingHistory } from "../journal/keepHistory.ts"
import { journalOf } from "../journal/openJournal.ts"
import { migrationsLive } from "../migrations/MigrationsLive.ts"
import { Running } from "../migrations/Running.ts"
import type { Fleet } from "../ports/Fleet.ts"
import type { Migrations } from "../ports/Migrations.ts"
import type { AgentAccess } from "../settings/agentAccess.ts"
import { type Plan, plan as planOf } from "../settings/plan.ts"
import type { Name } from "../settings/settings.ts"
import { version } from "../Version.ts"

const print = (line: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(`${line}\n`))

/** Everything between the journal and the API: what ran goes on, every host is followed. */
export const coordinator = (
  access: AgentAccess,
  patience?: Partial<Patience>
): Layer.Layer<Fleet | Migrations, { readonly message: string }, ActorSystem | Journal> => {
  const running = Layer.provideMerge(Running.layer(patience), HostAgents.forMigrations)
  const hosts = Layer.provideMerge(Layer.merge(running, Watching.layer), HostAgents.layer(access))
  return Layer.merge(fleetLive, migrationsLive).pipe(Layer.provide(hosts), Layer.provide(FleetActor.layer))
}

/** Serves, and ends when it is asked to. */
const serving = (plan: Plan, untilStdinEnds: boolean) =>
  Effect.gen(function* () {
    const asked = yield* endAsked(untilStdinEnds)
    yield* Effect.forkScoped(keepingHistory(plan.historyDays))
    const url = yield* serveApi(plan)
    yield* print(`api ${url}`)
    yield* print("ready")
    yield* Effect.logInfo(`the API is at ${url}, its documentation at ${url}/docs`)
    const how = yield* asked
    yield* Effect.logInfo(`${how}: no new request is taken; migrations stay as the journal has them`)
  }).pipe(Effect.scoped)

/** How long the state of a migration that ended stays in memory after somebody looked at it. */
const idle = "1 minute"

const running = (plan: Plan, untilStdinEnds: boolean): Effect.Effect<void, Failed> => {
  const behind = Layer.provideMerge(coordinator(plan.agents), ActorSystem.layerWith({ idle }))
  return serving(plan, untilStdinEnds).pipe(
    Effect.provide(behind),
    Effect.mapError((error: { readonly message: string } | JournalError) => new Failed({ message: error.message })),
    Effect.zipRight(Effect.logInfo("everything is in the journal; the coordinator ends")),
    Effect.provide(journalOf(plan.journal)),
    Effect.provide(tracing({ url: plan.otlpUrl, name: "stopcopy-coordinator", version }))
  )
}

/** Ends when the coordinator has. `options` and `config` as they were given, `environment` as the process has it; `untilStdinEnds`: it is asked to end by the end of standard input, too. */
export const serve = (
  options: Readonly<Partial<Record<Name, string>>>,
  config: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  untilStdinEnds: boolean
): Effect.Effect<void, Failed | Misuse> => {
  const plan = planOf(options, config, environment)
  return Either.isLeft(plan)
    ? Effect.fail(new Misuse({ message: `${problemLines(plan.left)}\nnothing was started` }))
    : Effect.provide(running(plan.right, untilStdinEnds), logging(plan.right.logLevel, process.stderr.isTTY))
}
