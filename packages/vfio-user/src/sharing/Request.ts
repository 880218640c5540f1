/**
 * What is looked at in a guest's command before it goes on to the server: whether it is whole, and whether its answer would fit the connection that others share.
 * Source: sections 2 to 15 of the vfio-user specification, where it says what harms a server.
 */
import { DeviceFeature as Vfio } from "@stopcopy/vfio"
import { Command } from "../Command.ts"
import { headerBytes, typeCommand, typeMask } from "../Header.ts"
import * as DmaLoggingReport from "../messages/DmaLoggingReport.ts"

/** Errnos of the wire. */
const [einval, enospc] = [22, 28]
/** What a server may answer at most, in bytes, its header included: what a client announces, and room for the heads. */
const answerBytes = 1024 * 1024

/** Least payloads of the commands that a client may send, in bytes. One that is not here is unknown. */
const leastBytes: ReadonlyMap<number, number> = new Map([
  [Command.DMA_MAP, 32],
  [Command.DMA_UNMAP, 24],
  [Command.DEVICE_GET_INFO, 16],
  [Command.DEVICE_GET_REGION_INFO, 32],
  [Command.DEVICE_GET_REGION_IO_FDS, 16],
  [Command.DEVICE_GET_IRQ_INFO, 16],
  [Command.DEVICE_SET_IRQS, 20],
  [Command.REGION_READ, 16],
  [Command.REGION_WRITE, 16],
  [Command.DEVICE_RESET, 0],
  [Command.REGION_WRITE_MULTI, 8],
  [Command.DEVICE_FEATURE, 8],
  [Command.MIG_DATA_READ, 8],
  [Command.MIG_DATA_WRITE, 8]
])

/** Their answers are as long as `argsz` allows. */
const answersArgsz: ReadonlySet<number> = new Set([
  Command.DMA_UNMAP,
  Command.DEVICE_GET_REGION_IO_FDS,
  Command.DEVICE_FEATURE
])

/** Least data of features, in bytes, that servers read without looking whether they are there. */
const featureBytes: ReadonlyMap<number, number> = new Map([
  [Vfio.MIG_DEVICE_STATE.index | Vfio.SET, 8],
  [Vfio.DMA_LOGGING_START.index | Vfio.SET, 16],
  [Vfio.DMA_LOGGING_REPORT.index | Vfio.GET, DmaLoggingReport.headBytes]
])

const featureHead = 8
/** The most that stands before the data of a message, in bytes. */
const headBytes = 16
/** Room for commands without data, in bytes, however little data a server takes. */
const smallestMost = 4096

/** What was agreed on with the guest. */
export interface Limits {
  /** The most data of one message, in bytes. */
  readonly maxDataBytes: number
  readonly writeMultiple: boolean
  /** Descriptors of one message, at most. */
  readonly maxDescriptors: number
  readonly maxDmaMaps: number
}

/** What comes with a command, and what its guest has already. */
interface Beside {
  readonly descriptors: number
  readonly maps: number
}

/** Their answers, too, and no limit is looked at: what they tell is short. */
const tellsArgsz: ReadonlySet<number> = new Set([
  Command.DEVICE_GET_INFO,
  Command.DEVICE_GET_REGION_INFO,
  Command.DEVICE_GET_IRQ_INFO
])

/** Bytes that the reply to a good command at `at` may have. */
export const replyBytes = (view: DataView, at: number): number => {
  const [command, payload] = [view.getUint16(at + 2, true), at + headerBytes]
  const head = headerBytes + headBytes
  if (command === Command.REGION_READ) return head + view.getUint32(payload + 12, true)
  if (command === Command.MIG_DATA_READ) return head + view.getUint32(payload + 4, true)
  if (!answersArgsz.has(command) && !tellsArgsz.has(command)) return head
  return headerBytes + Math.min(view.getUint32(payload, true), answerBytes)
}

/** The commands that may come with descriptors. */
export const takesDescriptors = (command: number): boolean =>
  command === Command.DMA_MAP || command === Command.DEVICE_SET_IRQS

/** The flags of a DEVICE_FEATURE that is whole, with PROBE's operations taken away: what it does. */
const doing = (flags: number): number => ((flags & Vfio.PROBE) === 0 ? flags : 0)

const isShortFeature = (view: DataView, at: number, size: number): boolean => {
  const flags = doing(view.getUint32(at + headerBytes + 4, true))
  const least = featureBytes.get(flags & (Vfio.INDEX_MASK | Vfio.SET | Vfio.GET)) ?? 0
  return size < headerBytes + featureHead + least
}

/** Whether data are asked for that no answer may have. */
const asksTooMuch = (view: DataView, at: number, command: number, { maxDataBytes }: Limits): boolean => {
  const payload = at + headerBytes
  if (command === Command.REGION_READ) return view.getUint32(payload + 12, true) > maxDataBytes
  if (command === Command.MIG_DATA_READ) return view.getUint32(payload + 4, true) > maxDataBytes
  return answersArgsz.has(command) && view.getUint32(payload, true) > answerBytes
}

/** Whether all of it is there, as it states. */
const isWhole = (view: DataView, at: number, size: number, command: number, { maxDataBytes }: Limits): boolean => {
  const least = leastBytes.get(command)
  const isCommand = (view.getUint32(at + 8, true) & typeMask) === typeCommand
  if (!isCommand || view.getUint32(at + 4, true) !== size || least === undefined) return false
  const most = headerBytes + headBytes + Math.max(maxDataBytes, smallestMost)
  if (size < headerBytes + least || size > most) return false
  return command !== Command.DEVICE_FEATURE || !isShortFeature(view, at, size)
}

/** The errno of a command of `size` bytes at `at` that must not go on; 0 for a good one. */
export const errnoOf = (
  view: DataView,
  at: number,
  size: number,
  limits: Limits,
  { descriptors, maps }: Beside
): number => {
  const command = view.getUint16(at + 2, true)
  if (!isWhole(view, at, size, command, limits) || asksTooMuch(view, at, command, limits)) return einval
  if (command === Command.REGION_WRITE_MULTI && !limits.writeMultiple) return einval
  if (takesDescriptors(command) && descriptors > limits.maxDescriptors) return einval
  return command === Command.DMA_MAP && maps >= limits.maxDmaMaps ? enospc : 0
}

/** Whether a good command would lead the device to another migration state, or move what a migration carries. */
export const changesMigration = (view: DataView, at: number): boolean => {
  const command = view.getUint16(at + 2, true)
  if (command === Command.DEVICE_RESET || command === Command.MIG_DATA_READ || command === Command.MIG_DATA_WRITE)
    return true
  if (command !== Command.DEVICE_FEATURE) return false
  const flags = doing(view.getUint32(at + headerBytes + 4, true))
  return (flags & Vfio.SET) !== 0 && (flags & Vfio.INDEX_MASK) === Vfio.MIG_DEVICE_STATE.index
}
