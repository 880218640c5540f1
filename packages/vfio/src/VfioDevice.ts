/**
 * The contract of a device as VFIO presents it to its one user: regions, interrupts, reset, DMA, migration, dirty log. Servers serve it, drivers
 * implement it. Source: `include/uapi/linux/vfio.h`, operations of `include/linux/vfio.h`. No device in here.
 *
 * V1 The device outlives its users: what one leaves behind, the next one finds.
 * V2 Calls that need not wait give an `Either`, which is an effect that has ended already: a server answers them without a fiber.
 * V3 What has succeeded is *written*.
 * V4 A call in the wrong place (no such region, outside it) never reaches the device: the server refuses it.
 * V5 Buffers of a call are the device's only until the call has ended: bytes that it keeps, it copies.
 */
import type { Errno } from "@stopcopy/errno"
import type { Effect, Either, Scope } from "effect"
import type { DmaAccess } from "./Dma.ts"
import type * as DmaLogging from "./DmaLogging.ts"
import type { MigratableDevice } from "./MigratableDevice.ts"

/** One region of a device. PCI numbers them: 0 to 5 BAR0 to BAR5, 6 expansion ROM, 7 config space, 8 VGA. */
export interface Region {
  /** In bytes; 0: there is none. */
  readonly size: number
  readonly readable: boolean
  readonly writable: boolean
}

/** One type of interrupts. PCI numbers them: 0 INTx, 1 MSI, 2 MSI-X, 3 ERR, 4 REQ. */
export interface InterruptType {
  /** How many vectors it has; 0: there is none. */
  readonly count: number
  readonly maskable: boolean
  readonly automasked: boolean
  readonly noResize: boolean
}

/** One access of the user that writes. `offset` in bytes. */
export interface RegionWrite {
  readonly region: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/** What a device may do to its user. */
export interface DeviceUser {
  /** Signals one vector. Never waits and never fails: a vector that the user has not set up yet is signalled once it is. */
  readonly interrupt: (index: number, vector: number) => void
  /** The user's memory. */
  readonly dma: DmaAccess
}

/** DMA logging of one device. Addresses and sizes in bytes. */
export interface DmaLog<E = never> {
  readonly start: (pageSize: bigint, ranges: ReadonlyArray<DmaLogging.Range>) => Effect.Effect<void, Errno | E>
  readonly stop: Effect.Effect<void, Errno | E>
  /** Addresses of the pages in `iova` to `iova + length` that were written since the last report, in units of `pageSize`. */
  readonly report: (iova: bigint, length: bigint, pageSize: bigint) => Effect.Effect<ReadonlyArray<bigint>, Errno | E>
}

export interface VfioDevice<E = never> {
  /** For logs and refusals. */
  readonly name: string
  readonly regions: ReadonlyArray<Region>
  readonly interrupts: ReadonlyArray<InterruptType>
  /** Fills `into` from `offset` on. */
  readonly read: (region: number, offset: number, into: Uint8Array) => Effect.Effect<void, Errno | E>
  readonly write: (region: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, Errno | E>
  /** Several writes in order, *written* together; an answer for each, and a refused one does not stop those behind it. */
  readonly writeAll: (writes: ReadonlyArray<RegionWrite>) => Effect.Effect<ReadonlyArray<Either.Either<void, Errno>>, E>
  /** Function reset. What it does to the migration state is the device's rule; see `MigratableDevice.reset`. */
  readonly reset: Effect.Effect<void, Errno | E>
  /** Gives the device to a user until the scope ends. Interrupts that are pending are signalled. `EBUSY` while another has it. */
  readonly attach: (user: DeviceUser) => Effect.Effect<void, Errno | E, Scope.Scope>
  /** None: the device cannot migrate. */
  readonly migration: MigratableDevice<E> | undefined
  /** None: the device does not log its DMA. */
  readonly dmaLog: DmaLog<E> | undefined
}
