/** What a device says of itself: DEVICE_GET_INFO, regions, interrupt types. Source: sections 5, 6, 10 and 11 of the vfio-user specification. */
import type { EINVAL } from "@stopcopy/errno"
import type { Region } from "@stopcopy/vfio"
import { Either } from "effect"
import { refuse } from "../../internal/words.ts"
import * as DeviceInfo from "../../messages/DeviceInfo.ts"
import * as IrqInfo from "../../messages/IrqInfo.ts"
import * as RegionInfo from "../../messages/RegionInfo.ts"
import * as RegionIoFds from "../../messages/RegionIoFds.ts"
import type { Handler } from "../Client.ts"

const wrong = (where: string, source: number, destination: string): Either.Either<never, EINVAL> =>
  Either.left(
    refuse("info", "a request names what exists and leaves room for it", where, source, destination, "ask again")
  )

export const deviceInfo: Handler = ({ served: { device } }, payload) =>
  Either.flatMap(DeviceInfo.decode(payload), ({ argsz }) =>
    argsz < DeviceInfo.byteLength
      ? wrong("argsz", argsz, `at least ${DeviceInfo.byteLength}`)
      : Either.right(
          DeviceInfo.encode({
            argsz: DeviceInfo.byteLength,
            flags: DeviceInfo.RESET | DeviceInfo.PCI,
            regions: device.regions.length,
            interruptTypes: device.interrupts.length
          })
        )
  )

/** Never mappable: every access comes as a message. */
export const regionInfo: Handler = ({ served: { device } }, payload) =>
  Either.flatMap(RegionInfo.decode(payload), ({ argsz, index }) => {
    const region = device.regions[index]
    if (argsz < RegionInfo.byteLength) return wrong("argsz", argsz, `at least ${RegionInfo.byteLength}`)
    if (region === undefined) return wrong("region", index, `below ${device.regions.length}`)
    const { size } = region
    const flags = flagsOf(region)
    return Either.right(
      RegionInfo.encode({ argsz: RegionInfo.byteLength, flags, index, capOffset: 0, size, offset: 0n })
    )
  })

const flagsOf = ({ readable, size, writable }: Region): number =>
  size === 0 ? 0 : (readable ? RegionInfo.READ : 0) | (writable ? RegionInfo.WRITE : 0)

/** No region has descriptors of its own. */
export const regionIoFds: Handler = ({ served: { device } }, payload) =>
  Either.flatMap(RegionIoFds.decodeRequest(payload), ({ argsz, count, flags, index }) => {
    const region = device.regions[index]
    if (argsz < RegionIoFds.headBytes || argsz > RegionIoFds.maxArgsz) {
      return wrong("argsz", argsz, `${RegionIoFds.headBytes} to ${RegionIoFds.maxArgsz}`)
    }
    if (flags !== 0) return wrong("flags", flags, "0")
    if (count !== 0) return wrong("count", count, "0")
    if (region === undefined || region.size === 0) return wrong("region", index, "a region that exists")
    return Either.right(RegionIoFds.encodeRequest({ argsz: RegionIoFds.headBytes, flags: 0, index, count: 0 }))
  })

export const irqInfo: Handler = ({ passesDescriptors, served: { device } }, payload) =>
  Either.flatMap(IrqInfo.decode(payload), ({ argsz, index }) => {
    const type = device.interrupts[index]
    if (argsz < IrqInfo.byteLength) return wrong("argsz", argsz, `at least ${IrqInfo.byteLength}`)
    if (type === undefined) return wrong("index", index, `below ${device.interrupts.length}`)
    const flags =
      (passesDescriptors ? IrqInfo.EVENTFD : 0) |
      (type.maskable ? IrqInfo.MASKABLE : 0) |
      (type.automasked ? IrqInfo.AUTOMASKED : 0) |
      (type.noResize ? IrqInfo.NORESIZE : 0)
    return Either.right(IrqInfo.encode({ argsz: IrqInfo.byteLength, flags, index, count: type.count }))
  })
