/** The epoch of one device: decided by the rules of `Epoch.ts`, one change at a time, each durable before it is answered. */
import { Effect, type Either } from "effect"
import type { EpochRecord } from "../Epoch.ts"
import type { HostFailed } from "../Errors.ts"
import type { HostDevice } from "../Host.ts"

/** The epoch of one device. Apart from the device's turns, so that a fence is recorded while a walk hangs. */
export class Ownership {
  private readonly one = Effect.unsafeMakeSemaphore(1)
  private readonly device: HostDevice

  constructor(device: HostDevice) {
    this.device = device
  }

  /** What is recorded now. */
  get record(): Effect.Effect<EpochRecord, HostFailed> {
    return this.device.epoch
  }

  /** Decides on the record and records what is new; gives what is recorded then. Once begun it runs to its end. */
  readonly change = <E>(decide: (record: EpochRecord) => Either.Either<EpochRecord, E>) =>
    this.one.withPermits(1)(Effect.uninterruptible(this.decided(decide)))

  private decided<E>(
    decide: (record: EpochRecord) => Either.Either<EpochRecord, E>
  ): Effect.Effect<EpochRecord, E | HostFailed> {
    return Effect.flatMap(this.device.epoch, (before) =>
      Effect.flatMap(decide(before), (after) =>
        after === before ? Effect.succeed(before) : Effect.as(this.device.recordEpoch(after), after)
      )
    )
  }
}
