/** Handlers of preflights, migrations and evacuations. What begins something is carried out once for each idempotency key. */
import { HttpApiBuilder } from "@effect/platform"
import {
  CancelRequest,
  Caller,
  CoordinatorApi,
  Evacuation,
  EvacuationRequest,
  idempotencyHeader,
  Migration,
  MigrationRequest,
  RedirectRequest,
  ResolveRequest
} from "@stopcopy/coordinator-api"
import { ActorSystem } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"
import { Fleet } from "../ports/Fleet.ts"
import { Migrations } from "../ports/Migrations.ts"
import { makeKeyed, Nothing } from "../requests/keyed.ts"
import { idOf, once } from "../requests/once.ts"

const preflight = HttpApiBuilder.group(CoordinatorApi, "preflight", (handlers) =>
  Effect.map(Migrations, (migrations) => handlers.handle("check", ({ payload }) => migrations.preflight(payload)))
)

const migrations = HttpApiBuilder.group(CoordinatorApi, "migrations", (handlers) =>
  Effect.gen(function* () {
    const [port, system, keyed] = [yield* Migrations, yield* ActorSystem, yield* makeKeyed]
    return handlers
      .handle("start", ({ headers, payload }) =>
        once({
          key: headers[idempotencyHeader],
          endpoint: "migrations.start",
          id: idOf("m"),
          schema: MigrationRequest,
          payload,
          answer: Migration,
          run: (id) => port.start(id, payload)
        }).pipe(Effect.provideService(ActorSystem, system))
      )
      .handle("list", ({ urlParams }) => port.list(urlParams))
      .handle("show", ({ path }) => port.show(path.id))
      .handle("bundle", ({ path, urlParams }) => port.bundle(path.id, urlParams))
      .handle("cancel", ({ path: { id }, payload, request }) =>
        keyed(
          { request, endpoint: "migrations.cancel", about: id, schema: CancelRequest, payload, answer: Migration },
          port.cancel(id, payload.reason)
        )
      )
      .handle("redirect", ({ path: { id }, payload, request }) =>
        keyed(
          { request, endpoint: "migrations.redirect", about: id, schema: RedirectRequest, payload, answer: Migration },
          port.redirect(id, payload)
        )
      )
      .handle("resolve", ({ path: { id }, payload, request }) =>
        keyed(
          { request, endpoint: "migrations.resolve", about: id, schema: ResolveRequest, payload, answer: Migration },
          Effect.flatMap(Caller, ({ name }) => port.resolve(id, payload, name))
        )
      )
  })
)

const summary = HttpApiBuilder.group(CoordinatorApi, "summary", (handlers) =>
  Effect.map(Migrations, (migrations) => handlers.handle("show", () => migrations.summary))
)

const evacuations = HttpApiBuilder.group(CoordinatorApi, "evacuations", (handlers) =>
  Effect.gen(function* () {
    const [fleet, system, keyed] = [yield* Fleet, yield* ActorSystem, yield* makeKeyed]
    return handlers
      .handle("plan", ({ payload }) => fleet.plan(payload))
      .handle("start", ({ headers, payload }) =>
        once({
          key: headers[idempotencyHeader],
          endpoint: "evacuations.start",
          id: idOf("e"),
          schema: EvacuationRequest,
          payload,
          answer: Evacuation,
          run: (id) => fleet.evacuate(id, payload)
        }).pipe(Effect.provideService(ActorSystem, system))
      )
      .handle("list", () => fleet.evacuations)
      .handle("show", ({ path }) => fleet.evacuation(path.id))
      .handle("cancel", ({ path: { id }, request }) =>
        keyed(
          { request, endpoint: "evacuations.cancel", about: id, ...Nothing, answer: Evacuation },
          fleet.cancelEvacuation(id)
        )
      )
  })
)

export const migrationHandlers = Layer.mergeAll(preflight, migrations, evacuations, summary)
