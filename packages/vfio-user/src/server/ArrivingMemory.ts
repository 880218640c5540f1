/**
 * Memory of a client that has just come. A device at work touches it at once, and the maps come one after the other: until they are there an access that
 * finds none waits, instead of being taken for a mistake of the guest. Source: `DeviceUser.dma` of `@stopcopy/vfio`.
 *
 * A1 An access that has to wait is tried again with every map, and for the last time when the time is over; then it faults.
 * A2 Afterwards every access goes straight to the address space.
 */
import { type DmaAccess, type DmaFault, type IoAddressSpace, Now } from "@stopcopy/vfio"
import { Effect, Either, type Scope } from "effect"

export class ArrivingMemory {
  /** As the device has it. */
  readonly dma: DmaAccess
  /** As the client's commands have it. */
  readonly space: IoAddressSpace.IoAddressSpace
  private readonly millis: number
  private isComplete: boolean
  private changed = Effect.unsafeMakeLatch(false)

  /** `millis`: how long maps may take; 0: they are not waited for. */
  constructor(plain: IoAddressSpace.IoAddressSpace, millis: number) {
    this.millis = millis
    this.isComplete = millis === 0
    this.space = {
      ...plain,
      map: (mapping) => {
        const mapped = plain.map(mapping)
        if (Either.isRight(mapped)) this.tell()
        return mapped
      }
    }
    this.dma = {
      read: (address, length) => this.arriving(() => plain.read(address, length)),
      write: (address, bytes) => this.arriving(() => plain.write(address, bytes)),
      mayWrite: (address, length) => this.arriving(() => plain.mayWrite(address, length))
    }
  }

  /** The device is the client's from now on, until the scope ends. */
  get arrived(): Effect.Effect<void, never, Scope.Scope> {
    const complete = Effect.sync(() => {
      this.isComplete = true
      this.tell()
    })
    return this.isComplete ? Effect.void : Effect.asVoid(Effect.forkScoped(Effect.delay(complete, this.millis)))
  }

  /** Whoever waits tries again. */
  private tell(): void {
    const { changed } = this
    this.changed = Effect.unsafeMakeLatch(false)
    changed.unsafeOpen()
  }

  private arriving<A>(access: () => Effect.Effect<A, DmaFault>): Effect.Effect<A, DmaFault> {
    const done = access()
    if (this.isComplete || !Now.isNow(done) || Either.isRight(done)) return done
    const { changed } = this
    return Effect.zipRight(
      changed.await,
      Effect.suspend(() => this.arriving(access))
    )
  }
}
