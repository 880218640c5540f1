/**
 * `struct vfio_device_feature_mig_state`, the data of feature MIG_DEVICE_STATE. Source: `include/uapi/linux/vfio.h`.
 * 8 bytes, little endian: 0 u32 `deviceState` (a state number, any value may come in), 4 s32 `dataFd`.
 */
import type { EFAULT } from "@stopcopy/errno"
import { Either, Schema } from "effect"
import { S32, U32, viewOf } from "./internal/scalars.ts"

/** Size of the struct, in bytes. */
export const byteLength = 8
/** The `dataFd` that stands for no file. */
export const noFile = -1

export const MigDeviceState = Schema.Struct({ deviceState: U32, dataFd: S32 })
export type MigDeviceState = typeof MigDeviceState.Type

/** Reads the first 8 bytes. `EFAULT` on fewer. */
export const decode = (bytes: Uint8Array): Either.Either<MigDeviceState, EFAULT> =>
  Either.map(viewOf(bytes, byteLength, "migration device state"), (view) => ({
    deviceState: view.getUint32(0, true),
    dataFd: view.getInt32(4, true)
  }))

/** Writes a fresh 8-byte buffer. Total for values that the schema admits. */
export const encode = ({ dataFd, deviceState }: MigDeviceState): Uint8Array => {
  const view = new DataView(new ArrayBuffer(byteLength))
  view.setUint32(0, deviceState, true)
  view.setInt32(4, dataFd, true)
  return new Uint8Array(view.buffer)
}
