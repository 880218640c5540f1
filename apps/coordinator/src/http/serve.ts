/** Serves the API over whatever is behind the ports, until the scope closes. */
import { HttpApiBuilder } from "@effect/platform"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { CoordinatorApi } from "@stopcopy/coordinator-api"
import type { ActorSystem, Journal } from "@stopcopy/runtime"
import { type CannotListen, listen } from "@stopcopy/service/listen"
import { Effect, Layer, type Scope } from "effect"
import { makeDocuments } from "../docs/documents.ts"
import { callerHandlers } from "../handlers/caller.ts"
import { eventHandlers } from "../handlers/events.ts"
import { fleetHandlers } from "../handlers/fleet.ts"
import { migrationHandlers } from "../handlers/migrations.ts"
import type { Fleet } from "../ports/Fleet.ts"
import type { Migrations } from "../ports/Migrations.ts"
import type { Plan } from "../settings/plan.ts"
import { makeSite } from "../site/site.ts"
import { access } from "./access.ts"
import { apiErrors, makeApp } from "./app.ts"
import { Closing } from "./Closing.ts"
import * as Health from "./health.ts"
import { Tokens } from "./Tokens.ts"

/** How long a request may take to arrive, in milliseconds. */
const requestMillis = 30_000

/** What requests are answered from. */
type Behind = Fleet | Migrations | Journal | ActorSystem

const apiOf = (tokens: Tokens) => {
  const handlers = Layer.mergeAll(callerHandlers, fleetHandlers, migrationHandlers, eventHandlers)
  const api = Layer.merge(HttpApiBuilder.api(CoordinatorApi).pipe(Layer.provide(handlers)), apiErrors)
  const router = Layer.merge(HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer)
  return api.pipe(Layer.provide(access(tokens)), Layer.provideMerge(router))
}

/**
 * Gives the URL with the port that was chosen. When the scope closes streams of events end, no new request is taken, and answers may go out for the length of
 * the grace.
 */
export const serveApi = (plan: Plan): Effect.Effect<string, CannotListen, Behind | Scope.Scope> =>
  Effect.gen(function* () {
    const { bodyLimit, connections, graceSeconds, tls } = plan
    const { host, port } = plan.listen
    const tokens = new Tokens(plan.tokens)
    const behind = yield* Effect.context<Behind | Closing>()
    const api = yield* Effect.flatMap(Layer.build(apiOf(tokens)), (context) =>
      Effect.provide(HttpApiBuilder.httpApp, context)
    )
    const listening = yield* listen({ host, port, tls, connections, requestMillis, grace: graceSeconds * 1000 })
    const app = makeApp(api, {
      bodyLimit,
      isOpen: tokens.isOpen,
      documents: yield* makeDocuments,
      site: makeSite(plan.console, process.argv[1] ?? ""),
      health: Health.health,
      readiness: Effect.provide(Health.readiness, behind),
      metrics: Effect.provide(Health.metrics(tokens), behind)
    })
    yield* listening.http.serve(Effect.provide(app, yield* Layer.build(NodeHttpServer.layerContext)))
    const closing = yield* Closing
    yield* Effect.addFinalizer(() => Effect.zipRight(closing.begin, listening.closing))
    const name = host.includes(":") ? `[${host}]` : host
    return `${tls === undefined ? "http" : "https"}://${name}:${listening.port}`
  }).pipe(Effect.provide(Closing.layer))
