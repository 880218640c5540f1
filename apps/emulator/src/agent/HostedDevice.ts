/** A VF as the agent's calls drive it: the driver, what it shows, its epoch. What the journal says instead of an answer is a failure of the host. */
import {
  type Custody,
  type EpochActor,
  HostFailed,
  type DeviceFacts,
  type DeviceStatus,
  type HostDevice
} from "@stopcopy/agent"
import type { GuestAt } from "@stopcopy/agent/client"
import { type Errno, isErrno } from "@stopcopy/errno"
import { MigratedView, type VfActor } from "@stopcopy/qat"
import type { JournalError } from "@stopcopy/runtime"
import type { MigratableDevice, MigrationFile } from "@stopcopy/vfio"
import { Effect, Option } from "effect"

export const failed =
  (device: string) =>
  (error: JournalError): HostFailed =>
    new HostFailed({ device, reason: error.message })

/** An errno is an answer of the device. */
const failedOr =
  (device: string) =>
  (error: Errno | JournalError): Errno | HostFailed =>
    isErrno(error) ? error : failed(device)(error)

const hostFile = (device: string, file: MigrationFile<JournalError>): MigrationFile<HostFailed> => {
  const failing = failedOr(device)
  return {
    kind: file.kind,
    read: (length, mode) => Effect.mapError(file.read(length, mode), failing),
    write: (bytes, mode) => Effect.mapError(file.write(bytes, mode), failing),
    ioctl: (command, argument) => Effect.mapError(file.ioctl(command, argument), failing),
    close: Effect.mapError(file.close, failed(device))
  }
}

/** The driver's migration, with failures of the host as such. */
export const hostMigration = (device: string, driver: MigratableDevice<JournalError>): MigratableDevice<HostFailed> => {
  const failing = failedOr(device)
  return {
    get flags() {
      return driver.flags
    },
    setState: (requested) =>
      Effect.mapBoth(driver.setState(requested), {
        onFailure: failing,
        onSuccess: Option.map((file) => hostFile(device, file))
      }),
    getState: Effect.mapError(driver.getState, failed(device)),
    dataSize: Effect.mapError(driver.dataSize, failing),
    reset: Effect.mapError(driver.reset, failing)
  }
}

/** What a device is made of here. */
interface DeviceParts {
  readonly name: string
  readonly vf: VfActor
  readonly epoch: EpochActor.EpochActor
  readonly socketPath: string
  readonly isAttached: () => boolean
  /** The VMM of its guest, if it takes part in migrations. */
  readonly guest: GuestAt
  readonly custody: Custody
}

const factsOf = ({ name, socketPath, vf }: DeviceParts, flags: number): DeviceFacts => {
  const { deviceId, mode, vfNumber } = vf.unsafeState()
  return { name, vfNumber, socketPath, deviceType: "qat-gen4", deviceId, mode, migrationFlags: flags }
}

const statusOf = ({ guest, isAttached, name, vf }: DeviceParts): Effect.Effect<DeviceStatus, HostFailed> =>
  Effect.zipWith(
    Effect.mapError(vf.state, failed(name)),
    guest.isThere,
    ({ compatVersion, lifecycle, migrationState }, takesPart) => ({
      state: migrationState,
      lifecycle,
      attached: isAttached(),
      compatVersion,
      guest: takesPart
    })
  )

const viewOf = ({ name, vf }: DeviceParts) =>
  Effect.mapBoth(vf.state, {
    onFailure: failed(name),
    onSuccess: (state) => {
      const view = MigratedView.migratedView(state)
      return { view, digests: MigratedView.digest(view) }
    }
  })

/** The device over a migration: that of its driver, or one with faults before it. */
export const hostDevice = (parts: DeviceParts, migration: MigratableDevice<HostFailed>): HostDevice => {
  const { custody, epoch, name } = parts
  return {
    get facts() {
      return factsOf(parts, migration.flags)
    },
    status: statusOf(parts),
    migration,
    view: viewOf(parts),
    guest: parts.guest,
    custody,
    epoch: Effect.mapError(epoch.state, failed(name)),
    recordEpoch: (record) =>
      Effect.mapError(epoch.ask({ _tag: "RecordEpoch", ...record }, { durability: "durable" }), failed(name))
  }
}
