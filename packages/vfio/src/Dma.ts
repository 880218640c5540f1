/**
 * Access of a device to its user's memory by I/O address (IOVA): a port. Who serves the device decides what is mapped. Source: the DMA operations of
 * `drivers/vfio/vfio_main.c` (`vfio_dma_rw`), and of the vfio-user protocol.
 *
 * D1 Calls whose memory is at hand give an `Either`, which is an effect that has ended already: such a request schedules nothing.
 * D2 A read may give a view; the caller neither changes nor keeps it.
 * D3 A write that faults has written nothing.
 */
import { type Effect, Schema } from "effect"
import { U64 } from "./internal/scalars.ts"

export const DmaDirection = Schema.Literal("read", "write")
export type DmaDirection = typeof DmaDirection.Type

/** The device touched memory that is not mapped, or not in this direction. `length` in bytes. */
export class DmaFault extends Schema.TaggedError<DmaFault>()("DmaFault", {
  address: U64,
  length: Schema.NonNegativeInt,
  direction: DmaDirection
}) {}

export interface DmaAccess {
  /** `length` bytes from `address` on. */
  readonly read: (address: bigint, length: number) => Effect.Effect<Uint8Array, DmaFault>
  readonly write: (address: bigint, bytes: Uint8Array) => Effect.Effect<void, DmaFault>
  /**
   * As `write`, but never done twice: false where nobody knows whether it was done, because the user left before it answered. Left out: `write` is that already, as
   * no other user can come.
   */
  readonly writeOnce?: (address: bigint, bytes: Uint8Array) => Effect.Effect<boolean, DmaFault>
  /** Whether a write there would fault, without writing. */
  readonly mayWrite: (address: bigint, length: number) => Effect.Effect<void, DmaFault>
}
