/**
 * Ioctl `DEVICE_FEATURE` over a `MigratableDevice`: features MIGRATION, MIG_DEVICE_STATE and MIG_DATA_SIZE, from the
 * caller's bytes to the caller's bytes. A device without DMA logging: those features are `ENOTTY`.
 * Source: `drivers/vfio/vfio_main.c`.
 *
 * H1 What the device did stays done, whatever happens on the way back: no descriptor, no memory to write to.
 * H2 A file that cannot be handed out is closed.
 * H3 After MIG_DEVICE_STATE SET without a file the caller finds `data_fd` -1, also when the walk failed.
 */
import { EFAULT, type EMFILE, type ENFILE, Errno } from "@stopcopy/errno"
import { Effect, Either, Option, Schema } from "effect"
import * as DeviceFeature from "./DeviceFeature.ts"
import { viewOf } from "./internal/scalars.ts"
import * as MigDeviceState from "./MigDeviceState.ts"
import type { MigratableDevice, MigrationFile } from "./MigratableDevice.ts"
import { toNumber } from "./MigrationState.ts"

/** Where descriptors come from. Synchronous: between a number's allocation and its use nothing else may run. */
export interface FileTable<E = never> {
  /** Gives the file its descriptor, 0 or above. From now on the table owns the file. */
  readonly install: (file: MigrationFile<E>) => Either.Either<number, EMFILE | ENFILE>
  /** Frees a descriptor that never reached the caller; the file goes back to who installed it. */
  readonly remove: (descriptor: number) => void
}

/** The caller's memory from the ioctl's argument pointer on. It may end before `argsz` says: the rest is a fault. */
export interface UserBuffer {
  readonly bytes: Uint8Array
  /** Whether it can be written to as well. */
  readonly writable: boolean
}

/** What the ioctl left behind. */
export interface Reply {
  /** The caller's memory afterwards, a fresh copy of the same length; changed also where an error says so (H3). */
  readonly bytes: Uint8Array
  /** None: the ioctl returned 0. */
  readonly error: Option.Option<Errno>
}

const operations: DeviceFeature.Operations = { hasMigration: true, hasDmaLogging: false }
const isErrno = Schema.is(Errno)

/** Answers one request. The protocol's failures are in the reply; `E` is the device's own (its journal's). */
export const handle = <E>(
  device: MigratableDevice<E>,
  files: FileTable<E>,
  buffer: UserBuffer
): Effect.Effect<Reply, E> => {
  const accepted = Either.flatMap(DeviceFeature.decodeHeader(buffer.bytes), ({ argsz, flags }) =>
    DeviceFeature.check(argsz, flags, operations)
  )
  if (Either.isLeft(accepted)) return Effect.succeed(unchanged(buffer, accepted.left))
  if (!accepted.right.executes) return Effect.succeed(unchanged(buffer))
  const { direction, feature } = accepted.right
  if (feature.index === DeviceFeature.MIGRATION.index) {
    return Effect.succeed(copyOut(buffer, encodeU64(BigInt(device.flags))))
  }
  if (feature.index === DeviceFeature.MIG_DATA_SIZE.index) return getDataSize(device, buffer)
  return deviceState(device, files, buffer, direction)
}

const getDataSize = <E>(device: MigratableDevice<E>, buffer: UserBuffer): Effect.Effect<Reply, E> =>
  Effect.map(splitErrno(device.dataSize), (size) =>
    Either.isLeft(size) ? unchanged(buffer, size.left) : copyOut(buffer, encodeU64(size.right))
  )

const deviceState = <E>(
  device: MigratableDevice<E>,
  files: FileTable<E>,
  buffer: UserBuffer,
  direction: "GET" | "SET"
): Effect.Effect<Reply, E> => {
  const requested = MigDeviceState.decode(buffer.bytes.subarray(DeviceFeature.headerBytes))
  if (Either.isLeft(requested)) return Effect.succeed(unchanged(buffer, requested.left))
  return direction === "GET"
    ? Effect.map(device.getState, (state) => copyOutState(buffer, toNumber(state), MigDeviceState.noFile))
    : setState(device, files, buffer, requested.right.deviceState)
}

/** Uninterruptible: a file between its session and its descriptor has no other owner. */
const setState = <E>(
  device: MigratableDevice<E>,
  files: FileTable<E>,
  buffer: UserBuffer,
  requested: number
): Effect.Effect<Reply, E> =>
  Effect.uninterruptible(
    Effect.flatMap(splitErrno(device.setState(requested)), (walked) => {
      if (Either.isRight(walked) && Option.isSome(walked.right)) {
        return handOut(walked.right.value, files, buffer, requested)
      }
      const reply = copyOutState(buffer, requested, MigDeviceState.noFile)
      // A fault on the way back hides the walk's own error, as it does from a caller of the kernel.
      return Effect.succeed(Option.isNone(reply.error) ? { ...reply, error: Either.getLeft(walked) } : reply)
    })
  )

const handOut = <E>(
  file: MigrationFile<E>,
  files: FileTable<E>,
  buffer: UserBuffer,
  requested: number
): Effect.Effect<Reply, E> => {
  const descriptor = files.install(file)
  if (Either.isLeft(descriptor)) return Effect.as(file.close, unchanged(buffer, descriptor.left))
  const reply = copyOutState(buffer, requested, descriptor.right)
  if (Option.isNone(reply.error)) return Effect.succeed(reply)
  files.remove(descriptor.right)
  return Effect.as(file.close, reply)
}

/** The protocol's failures as a value, everything else as it was. */
const splitErrno = <A, E>(effect: Effect.Effect<A, Errno | E>): Effect.Effect<Either.Either<A, Errno>, E> =>
  Effect.matchEffect(effect, {
    onSuccess: (value) => Effect.succeed(Either.right(value)),
    onFailure: (error) => (isErrno(error) ? Effect.succeed(Either.left(error)) : Effect.fail(error))
  })

const unchanged = ({ bytes }: UserBuffer, error?: Errno): Reply => ({
  bytes: bytes.slice(),
  error: Option.fromNullable(error)
})

const copyOutState = (buffer: UserBuffer, deviceState: number, dataFd: number): Reply =>
  copyOut(buffer, MigDeviceState.encode({ deviceState, dataFd }))

const copyOut = (buffer: UserBuffer, data: Uint8Array): Reply => {
  const target = viewOf(buffer.bytes.subarray(DeviceFeature.headerBytes), data.byteLength, "device feature data")
  if (Either.isLeft(target)) return unchanged(buffer, target.left)
  if (!buffer.writable) return unchanged(buffer, readOnly())
  const bytes = buffer.bytes.slice()
  bytes.set(data, DeviceFeature.headerBytes)
  return { bytes, error: Option.none() }
}

const encodeU64 = (value: bigint): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, value, true)
  return new Uint8Array(view.buffer)
}

const readOnly = (): EFAULT =>
  new EFAULT({
    refusal: {
      code: "vfio.buffer.readOnly",
      rule: "the answer can be written to the caller's memory",
      where: "device feature data",
      source: "read-only memory",
      destination: "writable memory",
      remedy: "pass a writable buffer"
    }
  })
