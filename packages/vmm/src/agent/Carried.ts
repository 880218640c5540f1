/**
 * A migratable device whose data are seen on their way: what a source gave, or a destination took, is what both sides of a migration compare. With `loaded` a
 * destination is asked for its state again once it has loaded it, and that is compared instead: the device itself proves what it made of the data.
 */
import { type HostFailed } from "@stopcopy/agent"
import type { Errno } from "@stopcopy/errno"
import { type MigratableDevice, type MigrationFile, MigrationStates } from "@stopcopy/vfio"
import { Effect, Option } from "effect"
import type { Seen, StateFormat, StateReader } from "./StateFormat.ts"

/** What a destination's digest is of. */
export type Verify = "carried" | "loaded"

/** Bytes asked for at a time when a loaded state is read back. */
const readBytes = 128 * 1024

const stop = MigrationStates.toNumber("STOP")
const stopCopy = MigrationStates.toNumber("STOP_COPY")

interface Carried {
  readonly migration: MigratableDevice<HostFailed>
  /** Of the last session; of nothing at all after a reset. */
  readonly seen: Effect.Effect<Seen>
}

/** The file, with all that passes it shown to a reader. */
const watched = (file: MigrationFile<HostFailed>, reader: StateReader): MigrationFile<HostFailed> => ({
  ...file,
  read: (length, mode) => Effect.tap(file.read(length, mode), (bytes) => reader.take(bytes)),
  write: (bytes, mode) => Effect.tap(file.write(bytes, mode), (taken) => reader.take(bytes.subarray(0, taken)))
})

const readAll = (file: MigrationFile<HostFailed>, reader: StateReader): Effect.Effect<void, Errno | HostFailed> =>
  Effect.flatMap(file.read(readBytes), (bytes) => {
    if (bytes.length === 0) return Effect.void
    reader.take(bytes)
    return readAll(file, reader)
  })

export const carried = (device: MigratableDevice<HostFailed>, format: StateFormat, verify: Verify): Carried => {
  let reader = format.reader()
  const fresh = (): StateReader => {
    reader = format.reader()
    return reader
  }
  /** From STOP to STOP_COPY and back: the guest's state as the device has it now. */
  const readBack = Effect.gen(function* () {
    const file = yield* device.setState(stopCopy)
    const into = fresh()
    if (Option.isSome(file)) yield* Effect.ensuring(readAll(file.value, into), Effect.ignore(file.value.close))
    yield* device.setState(stop)
  })
  const setState: MigratableDevice<HostFailed>["setState"] = (requested) =>
    Effect.gen(function* () {
      const loads = verify === "loaded" && requested === stop && (yield* device.getState) === "RESUMING"
      const file = yield* device.setState(requested)
      if (loads) yield* readBack
      return Option.map(file, (opened) => watched(opened, fresh()))
    })
  const reset = Effect.tap(device.reset, () => {
    fresh()
  })
  return { migration: { ...device, setState, reset }, seen: Effect.sync(() => reader.seen()) }
}
