/**
 * Access to guest memory by address, as the device has it: a port. Whoever serves the device decides what is mapped.
 *
 * D1 Calls whose memory is at hand give an `Either`, which is an effect that has ended already: such a request schedules nothing.
 * D2 A read may give a view; the caller neither changes nor keeps it.
 * D3 A write that faults has written nothing.
 */
import { Context, Either, type Effect, Schema } from "effect"
import { U64 } from "../Unsigned.ts"

const Direction = Schema.Literal("read", "write")
type Direction = typeof Direction.Type

/** The device touched memory that is not mapped, or not in this direction. `length` in bytes. */
export class DmaFault extends Schema.TaggedError<DmaFault>()("DmaFault", {
  address: U64,
  length: Schema.NonNegativeInt,
  direction: Direction
}) {}

export interface DmaAccess {
  /** `length` bytes from `address` on. */
  readonly read: (address: bigint, length: number) => Effect.Effect<Uint8Array, DmaFault>
  readonly write: (address: bigint, bytes: Uint8Array) => Effect.Effect<void, DmaFault>
  /** Whether a write there would fault, without writing. */
  readonly mayWrite: (address: bigint, length: number) => Effect.Effect<void, DmaFault>
}

export class Dma extends Context.Tag("@stopcopy/qat/Dma")<Dma, DmaAccess>() {}

/** Memory of this process that the device sees from `address` on. */
export interface Region {
  readonly address: bigint
  readonly bytes: Uint8Array
  readonly readOnly?: boolean
}

const inside = ({ address, bytes }: Region, from: bigint, length: number): number => {
  // One difference, as a number: where it is not exact it is far outside.
  const at = Number(from - address)
  return at >= 0 && at + length <= bytes.length ? at : -1
}

/** DMA into regions, which do not overlap. An access must lie in one of them. */
export const overRegions = (regions: ReadonlyArray<Region>): DmaAccess => {
  const fault = (address: bigint, length: number, direction: Direction) =>
    Either.left(new DmaFault({ address, length, direction }))
  return {
    read: (address, length) => {
      for (const region of regions) {
        const at = inside(region, address, length)
        if (at >= 0) return Either.right(region.bytes.subarray(at, at + length))
      }
      return fault(address, length, "read")
    },
    write: (address, bytes) => {
      for (const region of regions) {
        const at = inside(region, address, bytes.length)
        if (at < 0 || region.readOnly === true) continue
        region.bytes.set(bytes, at)
        return Either.void
      }
      return fault(address, bytes.length, "write")
    },
    mayWrite: (address, length) =>
      regions.some((region) => region.readOnly !== true && inside(region, address, length) >= 0)
        ? Either.void
        : fault(address, length, "write")
  }
}
