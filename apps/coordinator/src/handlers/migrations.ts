/** Handlers of preflights, migrations and evacuations. What begins something is carried out once for each idempotency key. */
import { HttpApiBuilder } from "@effect/platform"
import {
  Caller,
  CoordinatorApi,
  Evacuation,
  EvacuationRequest,
  idempotencyHeader,
  Migration,
  MigrationRequest
} from "@stopcopy/coordinator-api"
import { ActorSystem } from "@stopcopy/runtime"
import { Effect, Layer } from "effect"
import { Fleet } from "../ports/Fleet.ts"
import { Migrations } from "../ports/Migrations.ts"
import { once } from "../requests/once.ts"

const preflight = HttpApiBuilder.group(CoordinatorApi, "preflight", (handlers) =>
  Effect.map(Migrations, (migrations) => handlers.handle("check", ({ payload }) => migrations.preflight(payload)))
)

const migrations = HttpApiBuilder.group(CoordinatorApi, "migrations", (handlers) =>
  Effect.gen(function* () {
    const port = yield* Migrations
    const system = yield* ActorSystem
    return handlers
      .handle("start", ({ headers, payload }) =>
        once({
          key: headers[idempotencyHeader],
          endpoint: "migrations.start",
          prefix: "m",
          schema: MigrationRequest,
          payload,
          answer: Migration,
          run: (id) => port.start(id, payload)
        }).pipe(Effect.provideService(ActorSystem, system))
      )
      .handle("list", ({ urlParams }) => port.list(urlParams))
      .handle("show", ({ path }) => port.show(path.id))
      .handle("bundle", ({ path, urlParams }) => port.bundle(path.id, urlParams))
      .handle("cancel", ({ path, payload }) => port.cancel(path.id, payload.reason))
      .handle("resolve", ({ path, payload }) =>
        Effect.flatMap(Caller, ({ name }) => port.resolve(path.id, payload, name))
      )
  })
)

const summary = HttpApiBuilder.group(CoordinatorApi, "summary", (handlers) =>
  Effect.map(Migrations, (migrations) => handlers.handle("show", () => migrations.summary))
)

const evacuations = HttpApiBuilder.group(CoordinatorApi, "evacuations", (handlers) =>
  Effect.gen(function* () {
    const fleet = yield* Fleet
    const system = yield* ActorSystem
    return handlers
      .handle("plan", ({ payload }) => fleet.plan(payload))
      .handle("start", ({ headers, payload }) =>
        once({
          key: headers[idempotencyHeader],
          endpoint: "evacuations.start",
          prefix: "e",
          schema: EvacuationRequest,
          payload,
          answer: Evacuation,
          run: (id) => fleet.evacuate(id, payload)
        }).pipe(Effect.provideService(ActorSystem, system))
      )
      .handle("list", () => fleet.evacuations)
      .handle("show", ({ path }) => fleet.evacuation(path.id))
      .handle("cancel", ({ path }) => fleet.cancelEvacuation(path.id))
  })
)

export const migrationHandlers = Layer.mergeAll(preflight, migrations, evacuations, summary)
