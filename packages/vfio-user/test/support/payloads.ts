/** Payloads of requests as tests write them: fields with defaults that are right. */
import { Messages } from "@stopcopy/vfio-user"

const none = new Uint8Array(0)

export const read = (region: number, offset: number, count: number): Uint8Array =>
  Messages.RegionAccess.encode({ region, offset, count, data: none })

export const write = (region: number, offset: number, data: Uint8Array, count = data.byteLength): Uint8Array =>
  Messages.RegionAccess.encode({ region, offset, count, data })

/** Words of 32 bits one after the other, little endian. */
export const words = (...values: ReadonlyArray<number>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  values.forEach((value, index) => view.setUint32(4 * index, value, true))
  return new Uint8Array(view.buffer)
}

export const dmaMap = (address: bigint, size: bigint, flags = 3, argsz = 32, offset = 0n): Uint8Array =>
  Messages.DmaMap.encode({ argsz, flags, offset, address, size })

export const dmaUnmap = (
  address: bigint,
  size: bigint,
  flags = 0,
  argsz = 24,
  bitmap?: Messages.DmaUnmap.BitmapHead
): Uint8Array => Messages.DmaUnmap.encodeRequest({ argsz, flags, address, size, bitmap })

export const irqs = (
  flags: number,
  index: number,
  start: number,
  count: number,
  bools: Uint8Array = none,
  argsz = 20 + bools.byteLength
): Uint8Array => Messages.SetIrqs.encode({ argsz, flags, index, start, count, bools })

export const GET = 0x1_0000
export const SET = 0x2_0000
export const PROBE = 0x4_0000

export const feature = (flags: number, data: Uint8Array = none, argsz = 8 + data.byteLength): Uint8Array =>
  Messages.DeviceFeature.encode({ argsz, flags, data })

export const migData = (size: number, data: Uint8Array = none, argsz = 8 + size): Uint8Array =>
  Messages.MigData.encode({ argsz, size, data })
