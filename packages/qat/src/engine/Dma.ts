/**
 * Guest memory as the engine has it: the port is `DmaAccess` of `@stopcopy/vfio`.
 */
import { type DmaAccess, type DmaDirection, DmaFault } from "@stopcopy/vfio"
import { Context, Either } from "effect"

export { type DmaAccess, DmaFault } from "@stopcopy/vfio"

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
  const fault = (address: bigint, length: number, direction: DmaDirection) =>
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
