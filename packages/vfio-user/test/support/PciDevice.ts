/** The memory device with what every PCI device keeps: nobody writes its ids. */
import { EINVAL, type Errno } from "@stopcopy/errno"
import type { RegionWrite } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { MemoryDevice } from "./MemoryDevice.ts"

const configRegion = 7

const isOfIds = (region: number, offset: number): boolean => region === configRegion && offset < 4

export class PciDevice extends MemoryDevice {
  override write(region: number, offset: number, bytes: Uint8Array): ReturnType<MemoryDevice["write"]> {
    return isOfIds(region, offset) ? Either.left(new EINVAL({})) : super.write(region, offset, bytes)
  }

  override writeAll(writes: ReadonlyArray<RegionWrite>): ReturnType<MemoryDevice["writeAll"]> {
    return Effect.map(super.writeAll(writes.filter(({ offset, region }) => !isOfIds(region, offset))), (answers) => {
      const rest = [...answers]
      return writes.map(({ offset, region }): Either.Either<void, Errno> =>
        isOfIds(region, offset) ? Either.left(new EINVAL({})) : (rest.shift() ?? Either.void)
      )
    })
  }
}
