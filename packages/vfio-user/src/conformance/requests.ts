/** Payloads of requests in short, right ones and wrong ones alike. Layouts: `../messages`. */
import { DeviceFeature as Vfio } from "@stopcopy/vfio"
import * as DeviceFeature from "../messages/DeviceFeature.ts"
import * as DmaMap from "../messages/DmaMap.ts"
import * as DmaUnmap from "../messages/DmaUnmap.ts"
import * as MigData from "../messages/MigData.ts"
import * as MigState from "../messages/MigState.ts"
import * as RegionAccess from "../messages/RegionAccess.ts"
import * as SetIrqs from "../messages/SetIrqs.ts"

export const none = new Uint8Array(0)

/** Words of 32 bits one after the other, little endian. */
export const words = (...values: ReadonlyArray<number>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  values.forEach((value, index) => view.setUint32(4 * index, value, true))
  return new Uint8Array(view.buffer)
}

/** The word of 32 bits at an offset; 0 where the bytes end before it. */
export const wordAt = (bytes: Uint8Array, offset: number): number =>
  bytes.byteLength < offset + 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)

export const deviceInfo = (argsz = 16): Uint8Array => words(argsz, 0, 0, 0)
export const regionInfo = (index: number, argsz = 32): Uint8Array => words(argsz, 0, index, 0, 0, 0, 0, 0)
export const irqInfo = (index: number, argsz = 16): Uint8Array => words(argsz, 0, index, 0)
export const ioFds = (index: number, argsz = 16, flags = 0, count = 0): Uint8Array => words(argsz, flags, index, count)

export const read = (region: number, offset: number, count: number): Uint8Array =>
  RegionAccess.encode({ region, offset, count, data: none })
export const write = (region: number, offset: number, data: Uint8Array, count = data.byteLength): Uint8Array =>
  RegionAccess.encode({ region, offset, count, data })

export const dmaMap = (
  address: bigint,
  size: bigint,
  { argsz = DmaMap.byteLength, flags = DmaMap.READ | DmaMap.WRITE } = {}
): Uint8Array => DmaMap.encode({ argsz, flags, offset: 0n, address, size })
export const dmaUnmap = (address: bigint, size: bigint, { argsz = DmaUnmap.byteLength, flags = 0 } = {}): Uint8Array =>
  DmaUnmap.encodeRequest({ argsz, flags, address, size, bitmap: undefined })

/** Flags, type of interrupt, start, count; bools behind them. */
export const irqs = (
  flags: number,
  index: number,
  start: number,
  count: number,
  bools: Uint8Array = none,
  argsz = SetIrqs.byteLength + bools.byteLength
): Uint8Array => SetIrqs.encode({ argsz, flags, index, start, count, bools })

export const { GET, PROBE, SET } = Vfio
export const feature = (flags: number, data: Uint8Array = none, argsz = 8 + data.byteLength): Uint8Array =>
  DeviceFeature.encode({ argsz, flags, data })
/** Asks for data of `bytes` bytes. */
export const getFeature = (index: number, bytes: number, data: Uint8Array = none): Uint8Array =>
  feature(index | GET, data, 8 + bytes)
export const getState = (): Uint8Array => getFeature(Vfio.MIG_DEVICE_STATE.index, 8)
export const setState = (state: number): Uint8Array =>
  feature(Vfio.MIG_DEVICE_STATE.index | SET, MigState.encode(state), 16)

export const dataRead = (size: number, argsz = MigData.headBytes + size): Uint8Array =>
  MigData.encode({ argsz, size, data: none })
export const dataWrite = (data: Uint8Array, size = data.byteLength, argsz = MigData.headBytes + size): Uint8Array =>
  MigData.encode({ argsz, size, data })
