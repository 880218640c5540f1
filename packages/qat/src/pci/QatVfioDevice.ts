/**
 * A QAT VF as VFIO presents it to its one user: regions, interrupts, reset, DMA over the driver, the PCI side and the engine. All rules are in the
 * actors; here is who is asked, and who is told. Sources: `include/uapi/linux/vfio.h`, `drivers/vfio/pci/vfio_pci_core.c`.
 *
 * V1 The VF is opened and closed by whoever makes the device, not by its users: a user that comes back finds what it left.
 * V2 No region can be mapped: every doorbell is seen.
 */
import { type EINVAL, ENODEV, type Errno } from "@stopcopy/errno"
import type { JournalError } from "@stopcopy/runtime"
import type { DmaLog, InterruptType, Region, VfioDevice } from "@stopcopy/vfio"
import { Effect, type Either } from "effect"
import { vendorIntel } from "../Lifecycle.ts"
import { because } from "../Refusals.ts"
import { barBytes } from "../Registers.ts"
import * as Attachment from "./Attachment.ts"
import { configBytes, msixVectors } from "./ConfigLayout.ts"
import { Front, type Parts, turn } from "./Front.ts"
import { match } from "./Match.ts"
import { read, write, writeAll } from "./UserAccess.ts"

export type { Parts } from "./Front.ts"

export interface QatVfioDevice extends VfioDevice<JournalError> {
  /** Whether a name with options, as a user gives it, names this device. `EINVAL` for options that it does not take. */
  readonly match: (name: string) => Either.Either<boolean, EINVAL>
  /** Asks the user once, by the REQ interrupt, to give the device back. False if nobody has it. */
  readonly request: Effect.Effect<boolean>
  /** Asks at once and every 10 s until nobody has the device. How often it asked. */
  readonly reclaim: Effect.Effect<number>
}

/** Regions as VFIO numbers them. */
const none: Region = { size: 0, readable: false, writable: false }
const region = (size: number): Region => ({ size, readable: true, writable: true })
const regions: ReadonlyArray<Region> = [
  region(barBytes[0]),
  none,
  region(barBytes[2]),
  ...Array.from({ length: 4 }, () => none),
  region(configBytes),
  none
]

/** Interrupts as VFIO numbers them. */
const eventful = (count: number): InterruptType => ({ count, maskable: false, automasked: false, noResize: true })
const interrupts: ReadonlyArray<InterruptType> = [
  { count: 0, maskable: true, automasked: true, noResize: false },
  eventful(0),
  eventful(msixVectors),
  eventful(1),
  eventful(1)
]

/** What QAT VFs say of themselves beside the device id. */
const revision = 0x40
const subsystem = 0

/** Pages by their number are what the driver tells. */
const dmaLogOf = ({ parts: { driver }, vf: { device, mode } }: Front): DmaLog<JournalError> | undefined =>
  device === undefined || mode === "kernel"
    ? undefined
    : {
        start: driver.startDmaLogging,
        stop: driver.stopDmaLogging,
        report: (iova, length, pageSize) =>
          Effect.map(driver.reportDmaLog(iova, length, pageSize), (pages) => pages.map(({ page }) => page * pageSize))
      }

const notProbed = (name: string): ENODEV =>
  new ENODEV(because("device.probed", "a driver has the VF", name, "unbound", "bound or open", "probe the VF first"))

/**
 * The device over its parts. `ENODEV` for a VF that was not probed; accesses of a user are `ENODEV` until it is open. A reset that an earlier process began is
 * ended first.
 */
export const make = (parts: Parts): Effect.Effect<QatVfioDevice, Errno | JournalError> =>
  Effect.gen(function* () {
    const front = new Front(parts, yield* parts.driver.vf.bound)
    if (front.vf.lifecycle === "unbound") return yield* notProbed(front.name)
    const identity = {
      vendor: vendorIntel,
      device: front.vf.deviceId,
      revision,
      subsystemVendor: vendorIntel,
      subsystem
    }
    yield* turn(front, parts.pci.ask({ _tag: "PowerOn", identity }))
    return {
      name: front.name,
      regions,
      interrupts,
      read: (region, offset, into) => read(front, region, offset, into),
      write: (region, offset, bytes) => write(front, region, offset, bytes),
      writeAll: (writes) => writeAll(front, writes),
      reset: turn(front, parts.pci.ask({ _tag: "BeginReset" })),
      attach: (user) => Attachment.attach(front, user),
      migration: parts.driver,
      dmaLog: dmaLogOf(front),
      match: (name) => match(front.name, name),
      request: Attachment.request(front),
      reclaim: Attachment.reclaim(front)
    }
  })
