/**
 * The client's memory as the device has it, from the moment that the client has the device to the moment that it is given back. Source: `DeviceUser.dma` of
 * `@stopcopy/vfio`.
 *
 * P1 A client that comes back to a device at work has still to map its memory. Until it drives the device (an access to a BAR, SET_IRQS, DMA_UNMAP, a reset, a
 *    feature that is set), an access to what is not mapped waits, and is tried again after each DMA_MAP.
 * P2 Once the connection has ended no access is done, and none fails before the device is given back: a fault would be taken for a missing mapping.
 */
import { type DmaAccess, type DmaDirection, DmaFault, type IoAddressSpace, Now } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
export class Passage implements DmaAccess {
  private readonly memory: IoAddressSpace.IoAddressSpace
  private stage: "mapping" | "open" | "gone" = "mapping"
  /** Opened when something was mapped, or the stage is another one. */
  private changed = Effect.unsafeMakeLatch(false)
  private readonly over = Effect.unsafeMakeLatch(false)

  constructor(memory: IoAddressSpace.IoAddressSpace) {
    this.memory = memory
  }

  /** The client drives the device from now on. */
  begin(): void {
    if (this.stage !== "mapping") return
    this.stage = "open"
    this.mapped()
  }

  /** Something was mapped: who waits looks again. */
  mapped(): void {
    const { changed } = this
    this.changed = Effect.unsafeMakeLatch(false)
    changed.unsafeOpen()
  }

  /** The connection has ended. */
  leave(): void {
    this.stage = "gone"
    this.mapped()
  }

  /** The device is given back: what still waits faults, and nobody minds. */
  end(): void {
    this.over.unsafeOpen()
  }

  readonly read: DmaAccess["read"] = (address, length) =>
    this.pass(() => this.memory.read(address, length), address, length, "read")

  readonly write: DmaAccess["write"] = (address, bytes) =>
    this.pass(() => this.memory.write(address, bytes), address, bytes.length, "write")

  readonly mayWrite: DmaAccess["mayWrite"] = (address, length) =>
    this.pass(() => this.memory.mayWrite(address, length), address, length, "write")

  /** Whether something is mapped there: then the fault has another reason. */
  private isMapped(at: bigint): boolean {
    return this.memory.mappings.some(({ address, size }) => at >= address && at < address + size)
  }

  private pass<A>(
    access: () => Effect.Effect<A, DmaFault>,
    address: bigint,
    length: number,
    direction: DmaDirection
  ): Effect.Effect<A, DmaFault> {
    const again = (fault: DmaFault): Effect.Effect<A, DmaFault> =>
      this.stage === "open" || (this.stage === "mapping" && this.isMapped(fault.address))
        ? Either.left(fault)
        : Effect.flatMap(this.stage === "gone" ? Effect.void : this.changed.await, () =>
            this.pass(access, address, length, direction)
          )
    if (this.stage === "gone") {
      return Effect.zipRight(this.over.await, Either.left(new DmaFault({ address, length, direction })))
    }
    const done = access()
    if (!Now.isNow(done)) return Effect.catchAll(done, again)
    return Either.isRight(done) ? done : again(done.left)
  }
}
