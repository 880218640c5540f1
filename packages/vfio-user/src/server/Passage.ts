/**
 * The client's memory as the device has it, from the moment that the client has the device to the moment that it is given back. Source: `DeviceUser.dma` of
 * `@stopcopy/vfio`.
 *
 * P1 A client that comes back to a device at work has still to map its memory: until its first command that is about anything else, an access to what is not
 *    mapped waits.
 * P2 Once the connection has ended no access is done, and none fails before the device is given back: a fault would be taken for a missing mapping.
 */
import { type DmaAccess, type DmaDirection, DmaFault, type IoAddressSpace, Now } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { Command } from "../Command.ts"

/** Commands of a client that sets itself up. */
const preparing: ReadonlySet<number> = new Set([
  Command.VERSION,
  Command.DMA_MAP,
  Command.DEVICE_GET_INFO,
  Command.DEVICE_GET_REGION_INFO,
  Command.DEVICE_GET_IRQ_INFO
])

export class Passage implements DmaAccess {
  private readonly memory: IoAddressSpace.IoAddressSpace
  private stage: "mapping" | "open" | "gone" = "mapping"
  private readonly mapped = Effect.unsafeMakeLatch(false)
  private readonly over = Effect.unsafeMakeLatch(false)

  constructor(memory: IoAddressSpace.IoAddressSpace) {
    this.memory = memory
  }

  /** The client sent this command. */
  sent(command: number): void {
    if (this.stage !== "mapping" || preparing.has(command)) return
    this.stage = "open"
    this.mapped.unsafeOpen()
  }

  /** The connection has ended. */
  leave(): void {
    this.stage = "gone"
    this.mapped.unsafeOpen()
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
        : Effect.zipRight(
            this.mapped.await,
            Effect.suspend(() => this.pass(access, address, length, direction))
          )
    if (this.stage === "gone") {
      return Effect.zipRight(this.over.await, Either.left(new DmaFault({ address, length, direction })))
    }
    const done = access()
    if (!Now.isNow(done)) return Effect.catchAll(done, again)
    return Either.isRight(done) ? done : again(done.left)
  }
}
