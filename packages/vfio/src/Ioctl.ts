/**
 * Numbers of the ioctls that the migration protocol uses. VFIO numbers carry neither direction nor size bits: type 0x3B
 * in bits 8 to 15, the command in bits 0 to 7. Source: `include/uapi/linux/vfio.h`.
 */

/** `VFIO_DEVICE_RESET`, on a device: ends in RUNNING from every state. */
export const DEVICE_RESET = 0x3b6f
/** `VFIO_DEVICE_FEATURE`, on a device: see `DeviceFeature.ts`. */
export const DEVICE_FEATURE = 0x3b75
/** `VFIO_MIG_GET_PRECOPY_INFO`, on a saving file: see `PrecopyInfo.ts`. */
export const MIG_GET_PRECOPY_INFO = 0x3b79
