/**
 * A VMM's part in a coordinated migration, for one attachment: it prepares, pauses, goes to the destination or stays, and lets the guest go on, once and on one
 * side. Sources: `packages/agent/README.md`, "The guest's VMM"; the stages of `Move.ts`.
 *
 * | stage    | prepare           | pause   | switched | resumed at the source | resumed at the destination |
 * | -------- | ----------------- | ------- | -------- | --------------------- | -------------------------- |
 * | idle     | prepared          | refused | refused  | idle                  | idle                       |
 * | prepared | the same, or anew | paused  | refused  | idle, rolled back     | refused                    |
 * | paused   | the same          | the same| switched | idle, rolled back     | refused                    |
 * | switched | the same          | the same| the same | refused               | idle, at the destination   |
 */
import { type Destination, type GuestHooks, GuestRefused } from "@stopcopy/agent"
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"
import type { Attachment } from "../Attachment.ts"
import type { Wire } from "../attachment/Wire.ts"
import { beginMove, type Move } from "../Move.ts"

/** The guest's virtual CPUs: they stand while one of its devices is held. */
export interface Processor {
  readonly hold: (device: Attachment) => Effect.Effect<void>
  readonly release: (device: Attachment) => Effect.Effect<void>
}

interface Journey {
  readonly stage: "prepared" | "paused" | "switched"
  readonly migration: string
  readonly destination: Destination
  readonly move: Move
  readonly scope: Scope.CloseableScope
}

/** What lives at the destination from the preparation on. */
type Arrive = (destination: Destination) => Effect.Effect<void, GuestRefused, Scope.Scope>

const refuse = (reason: string): GuestRefused => new GuestRefused({ reason })

const refuseAs =
  (what: string) =>
  (error: { readonly message: string; readonly _tag: string }): GuestRefused =>
    error instanceof GuestRefused ? error : refuse(`${what}: ${error.message === "" ? error._tag : error.message}`)

export class Attending<E extends { readonly message: string; readonly _tag: string }> {
  private journey: Journey | undefined
  /** One question after the other. */
  private readonly turn = Effect.unsafeMakeSemaphore(1)
  private readonly attachment: Attachment
  private readonly processor: Processor
  private readonly wire: (destination: Destination) => Wire<E>
  private readonly arrive: Arrive

  constructor(
    attachment: Attachment,
    processor: Processor,
    wire: (destination: Destination) => Wire<E>,
    arrive: Arrive
  ) {
    this.attachment = attachment
    this.processor = processor
    this.wire = wire
    this.arrive = arrive
  }

  /** The hooks on the socket beside the server's own at this path. */
  hooksAt(socketPath: string): GuestHooks {
    const inTurn = <A>(effect: Effect.Effect<A, GuestRefused>) =>
      this.turn.withPermits(1)(Effect.uninterruptible(effect))
    return {
      prepare: (migration, destination) => inTurn(Effect.suspend(() => this.prepare(migration, destination))),
      pause: (migration) => inTurn(Effect.suspend(() => this.pause(migration))),
      switched: (migration) => inTurn(Effect.suspend(() => this.switched(migration))),
      resumed: inTurn(Effect.suspend(() => this.resumed(socketPath)))
    }
  }

  /** The journey of this migration; undefined: there is none at all. Another one is in the way. */
  private mine(migration: string): Effect.Effect<Journey | undefined, GuestRefused> {
    const { journey } = this
    return journey === undefined || journey.migration === migration
      ? Effect.succeed(journey)
      : refuse(`it is ${journey.stage} for migration ${journey.migration}`)
  }

  private prepare(migration: string, destination: Destination): Effect.Effect<void, GuestRefused> {
    const { journey } = this
    if (journey?.migration === migration) return Effect.void
    if (journey !== undefined && journey.stage !== "prepared") return Effect.asVoid(this.mine(migration))
    return Effect.zipRight(journey === undefined ? Effect.void : this.end(journey), this.begin(migration, destination))
  }

  private begin(migration: string, destination: Destination): Effect.Effect<void, GuestRefused> {
    return Effect.gen(this, function* () {
      const scope = yield* Scope.fork(this.attachment.scope, ExecutionStrategy.sequential)
      const begun = Effect.zipRight(
        this.arrive(destination),
        Effect.mapError(
          beginMove(this.attachment, this.wire(destination)),
          refuseAs(`${destination.socketPath} is not reached`)
        )
      )
      // What is forked here has to end with the scope: it must be possible to interrupt it.
      const opened = Effect.interruptible(Scope.extend(begun, scope))
      const move = yield* Effect.onError(opened, (cause) => Scope.close(scope, Exit.failCause(cause)))
      this.journey = { stage: "prepared", migration, destination, move, scope }
    })
  }

  private pause(migration: string): Effect.Effect<void, GuestRefused> {
    return Effect.flatMap(this.mine(migration), (journey) => {
      if (journey === undefined) return refuse("it has not prepared")
      if (journey.stage !== "prepared") return Effect.void
      const held = Effect.zipRight(
        this.processor.hold(this.attachment),
        Effect.mapError(journey.move.quiesce, refuseAs("its device does not come to rest"))
      )
      return Effect.tapBoth(held, {
        onFailure: () => this.processor.release(this.attachment),
        onSuccess: () => Effect.sync(() => (this.journey = { ...journey, stage: "paused" }))
      })
    })
  }

  private switched(migration: string): Effect.Effect<void, GuestRefused> {
    return Effect.flatMap(this.mine(migration), (journey) => {
      if (journey?.stage === "switched") return Effect.void
      if (journey?.stage !== "paused") return refuse("it has not paused")
      return Effect.map(Effect.mapError(journey.move.commit, refuseAs("the destination is not set up")), () => {
        this.journey = { ...journey, stage: "switched" }
      })
    })
  }

  private resumed(socketPath: string): Effect.Effect<void, GuestRefused> {
    const { journey } = this
    if (journey === undefined) return Effect.void
    const { destination, move, stage } = journey
    const there = socketPath === destination.socketPath
    if (there !== (stage === "switched")) {
      return refuse(
        there ? "it has not gone there" : `its guest is at ${destination.host} ${destination.device} already`
      )
    }
    const goOn = there ? Effect.mapError(move.resume, refuseAs("its accesses do not go on")) : Effect.void
    return Effect.zipRight(goOn, this.end(journey))
  }

  /** What was not committed is rolled back. */
  private end({ scope }: Journey): Effect.Effect<void> {
    this.journey = undefined
    return Effect.zipRight(Scope.close(scope, Exit.void), this.processor.release(this.attachment))
  }
}
