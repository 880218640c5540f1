/** Which handler answers which command. The accesses to regions and VERSION are the session's own. */
import { Command } from "../../Command.ts"
import type { Handler } from "../Client.ts"
import { dmaMap, dmaUnmap } from "./dma.ts"
import { deviceFeature } from "./feature.ts"
import { deviceInfo, irqInfo, regionInfo, regionIoFds } from "./info.ts"
import { setIrqs } from "./interrupts.ts"
import { dataRead, dataWrite, reset } from "./migration.ts"

export const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [Command.DMA_MAP, dmaMap],
  [Command.DMA_UNMAP, dmaUnmap],
  [Command.DEVICE_GET_INFO, deviceInfo],
  [Command.DEVICE_GET_REGION_INFO, regionInfo],
  [Command.DEVICE_GET_REGION_IO_FDS, regionIoFds],
  [Command.DEVICE_GET_IRQ_INFO, irqInfo],
  [Command.DEVICE_SET_IRQS, setIrqs],
  [Command.DEVICE_RESET, reset],
  [Command.DEVICE_FEATURE, deviceFeature],
  [Command.MIG_DATA_READ, dataRead],
  [Command.MIG_DATA_WRITE, dataWrite]
])

/** Commands by which a client drives the device, beside accesses to BARs and state changes: it has its memory mapped by then. */
export const drivers: ReadonlySet<number> = new Set([Command.DEVICE_SET_IRQS, Command.DMA_UNMAP, Command.DEVICE_RESET])

/** The commands whose handlers take descriptors. */
export const takesDescriptors = (command: number): boolean =>
  command === Command.DMA_MAP || command === Command.DEVICE_SET_IRQS
