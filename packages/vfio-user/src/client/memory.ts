/** The memory that a client gives to a remote device, the device's own description, and its reset. Source: sections 5, 6, 8, 12 of the specification. */
import { ENOTSUP } from "@stopcopy/errno"
import { type Effect, Either } from "effect"
import { Command } from "../Command.ts"
import * as DeviceInfo from "../messages/DeviceInfo.ts"
import * as DmaMap from "../messages/DmaMap.ts"
import * as DmaUnmap from "../messages/DmaUnmap.ts"
import * as RegionCapabilities from "../messages/RegionCapabilities.ts"
import * as RegionInfo from "../messages/RegionInfo.ts"
import { call } from "./call.ts"
import type { Core } from "./Core.ts"
import type { CallError } from "./errors.ts"
import type { Negotiated } from "./negotiate.ts"

/** Memory for the device. Addresses and sizes in bytes. */
export interface DmaMapping {
  readonly address: bigint
  readonly size: bigint
  /** What the device may do. */
  readonly read: boolean
  readonly write: boolean
  /** The file that has the memory, from `offset` on; the caller may close it when the call has ended. None: the server asks this client. */
  readonly file?: { readonly descriptor: number; readonly offset: bigint }
}

/** A region, with the areas of it that could be mapped; none if the server says nothing of areas. */
export interface RegionFacts extends RegionInfo.RegionInfo {
  readonly areas: ReadonlyArray<RegionCapabilities.Area> | undefined
}

export interface Memory {
  readonly info: Effect.Effect<DeviceInfo.DeviceInfo, CallError>
  readonly regionInfo: (index: number) => Effect.Effect<RegionFacts, CallError>
  /** `ENOTSUP` for a file where descriptors cannot be passed. */
  readonly dmaMap: (mapping: DmaMapping) => Effect.Effect<void, CallError>
  /** Ends the mapping of exactly this range. */
  readonly dmaUnmap: (address: bigint, size: bigint) => Effect.Effect<void, CallError>
  readonly dmaUnmapAll: Effect.Effect<void, CallError>
  readonly reset: Effect.Effect<void, CallError>
}

/** Room for the capabilities of a region, in bytes: some 250 areas. */
const regionInfoRoom = 4096

const none = new Uint8Array(0)
const ignore = () => Either.void

const info = (core: Core): Effect.Effect<DeviceInfo.DeviceInfo, CallError> =>
  call(
    core,
    {
      command: Command.DEVICE_GET_INFO,
      payload: DeviceInfo.encode({ argsz: DeviceInfo.byteLength, flags: 0, regions: 0, interruptTypes: 0 }),
      leastBytes: DeviceInfo.byteLength
    },
    DeviceInfo.decode
  )

const regionInfo = (core: Core, index: number): Effect.Effect<RegionFacts, CallError> =>
  call(
    core,
    {
      command: Command.DEVICE_GET_REGION_INFO,
      payload: RegionInfo.encode({ argsz: regionInfoRoom, flags: 0, index, capOffset: 0, size: 0, offset: 0n }),
      leastBytes: RegionInfo.byteLength
    },
    (payload) =>
      Either.flatMap(RegionInfo.decode(payload), (facts) =>
        Either.map(RegionCapabilities.decodeSparse(payload), (areas) => ({ ...facts, areas }))
      )
  )

const noPassing = (descriptor: number): ENOTSUP =>
  new ENOTSUP({
    refusal: {
      code: "vfio-user.client.descriptors",
      rule: "the file of a mapping is passed as a descriptor",
      where: "DMA_MAP",
      source: `descriptor ${descriptor}`,
      destination: "no descriptors",
      remedy: "leave the file out, the server then asks for the memory, or use a transport that passes descriptors"
    }
  })

const map = (core: Core, maxDescriptors: number, mapping: DmaMapping): Effect.Effect<void, CallError> => {
  const { address, file, read, size, write } = mapping
  if (file !== undefined && maxDescriptors === 0) return Either.left(noPassing(file.descriptor))
  const flags = (read ? DmaMap.READ : 0) | (write ? DmaMap.WRITE : 0)
  return call(
    core,
    {
      command: Command.DMA_MAP,
      payload: DmaMap.encode({ argsz: DmaMap.byteLength, flags, offset: file?.offset ?? 0n, address, size }),
      leastBytes: 0,
      descriptors: file === undefined ? [] : [file.descriptor]
    },
    ignore
  )
}

/** A server that does no DMA answers without a payload. */
const unmap = (core: Core, flags: number, address: bigint, size: bigint): Effect.Effect<void, CallError> =>
  call(
    core,
    {
      command: Command.DMA_UNMAP,
      payload: DmaUnmap.encodeRequest({ argsz: DmaUnmap.byteLength, flags, address, size, bitmap: undefined }),
      leastBytes: 0
    },
    ignore
  )

/** Memory and description over a core. */
export const makeMemory = (core: Core, { maxDescriptors }: Negotiated): Memory => ({
  info: info(core),
  regionInfo: (index) => regionInfo(core, index),
  dmaMap: (mapping) => map(core, maxDescriptors, mapping),
  dmaUnmap: (address, size) => unmap(core, 0, address, size),
  dmaUnmapAll: unmap(core, DmaUnmap.ALL, 0n, 0n),
  reset: call(core, { command: Command.DEVICE_RESET, payload: none, leastBytes: 0 }, ignore)
})
