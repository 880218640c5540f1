/** What `@stopcopy/vfio` offers: states and contracts by name, functions by module. */
export { MigrationState } from "./MigrationState.ts"
export { type DmaAccess, DmaDirection, DmaFault } from "./Dma.ts"
export type { DeviceUser, DmaLog, InterruptType, Region, RegionWrite, VfioDevice } from "./VfioDevice.ts"
export type {
  AccessMode,
  BoundFile,
  BoundMigration,
  MigratableDevice,
  MigrationFile,
  WriteMode
} from "./MigratableDevice.ts"
export * as DeviceFeature from "./DeviceFeature.ts"
export * as DeviceFeatureHandler from "./DeviceFeatureHandler.ts"
export * as DmaLogging from "./DmaLogging.ts"
export * as IoAddressSpace from "./IoAddressSpace.ts"
export * as Ioctl from "./Ioctl.ts"
export * as MigDeviceState from "./MigDeviceState.ts"
export * as MigrationFlags from "./MigrationFlags.ts"
export * as MigrationStates from "./MigrationState.ts"
export * as NextState from "./NextState.ts"
export * as Now from "./Now.ts"
export * as Path from "./Path.ts"
export * as PrecopyInfo from "./PrecopyInfo.ts"
