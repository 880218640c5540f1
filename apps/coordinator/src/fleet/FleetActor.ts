/** The fleet of this coordinator: the one actor of its behavior, with time added to what it is told, and errors as the API has them. */
import type { ApiError, Unavailable } from "@stopcopy/coordinator-api"
import { type Answer, behavior, type Fleet, type FleetCommand, FleetRefused } from "@stopcopy/fleet"
import { ActorSystem, type Durability, type JournalError } from "@stopcopy/runtime"
import { Clock, Context, Effect, Layer } from "effect"
import { journalUnavailable } from "../requests/once.ts"
import { ofFleet } from "./errors.ts"

/** Its stream is `fleet/main`. */
const id = "main"

/** What the fleet is told, at this time: milliseconds since 1970. */
type Told = (at: number) => FleetCommand

export interface FleetActorService {
  readonly state: Effect.Effect<Fleet, Unavailable>
  /** *Durably*: what an operator is told is done survives. */
  readonly ask: (told: Told) => Effect.Effect<Answer, ApiError>
  /** *Written*: what a host says of itself it will say again, and what is given out is kept durably with the first step of it. */
  readonly note: (told: Told) => Effect.Effect<Answer, ApiError>
  /** What has changed may let migrations start. */
  readonly kick: Effect.Effect<void>
  /** Waits for a kick; those that came meanwhile are one. */
  readonly kicked: Effect.Effect<void>
  /** No turn of the scheduler comes between what stands in this. */
  readonly alone: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

const asApiError = (error: FleetRefused | JournalError): ApiError =>
  error instanceof FleetRefused ? ofFleet(error) : journalUnavailable(error)

export class FleetActor extends Context.Tag("@stopcopy/coordinator/FleetActor")<FleetActor, FleetActorService>() {
  static readonly layer: Layer.Layer<FleetActor, JournalError, ActorSystem> = Layer.effect(
    FleetActor,
    Effect.gen(function* () {
      const system = yield* ActorSystem
      // The journal is read here: what cannot be restored is said at the start.
      yield* Effect.flatMap(system.actor(behavior, id), (actor) => actor.state)
      const latch = Effect.unsafeMakeLatch(true)
      const turn = yield* Effect.makeSemaphore(1)
      const ask = (durability: Durability) => (told: Told) =>
        Effect.gen(function* () {
          const at = yield* Clock.currentTimeMillis
          const actor = yield* system.actor(behavior, id)
          return yield* actor.ask(told(at), { durability })
        }).pipe(Effect.mapError(asApiError))
      return {
        state: Effect.mapError(
          Effect.flatMap(system.actor(behavior, id), (actor) => actor.state),
          journalUnavailable
        ),
        ask: ask("durable"),
        note: ask("written"),
        kick: Effect.asVoid(latch.open),
        kicked: Effect.zipRight(latch.await, Effect.asVoid(latch.close)),
        alone: turn.withPermits(1)
      }
    })
  )
}
