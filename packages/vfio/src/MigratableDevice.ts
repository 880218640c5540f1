/**
 * The contracts that a migratable device fulfils: the device's migration operations and the file that a session hands
 * out. Source: `include/uapi/linux/vfio.h`, operations of `include/linux/vfio.h`. No device in here.
 *
 * `E` is what can go wrong besides the protocol, such as a journal that cannot be written; then the call's effect is
 * unknown and the device has to be opened again. `Errno` is an answer of the protocol: the caller may rely on what is
 * said below about the state after it.
 *
 * M1 One device answers its calls and those of its files one after the other; it never mixes two transitions.
 * M2 A call may be interrupted while it waits for its turn; once begun it runs to its end.
 * M3 A call that has succeeded is *written*: its effect survives the end of the process, though not a power loss.
 */
import type { Errno } from "@stopcopy/errno"
import type { Effect, Option } from "effect"
import type { MigrationState } from "./MigrationState.ts"

/**
 * How the user's call looked at the border, for front ends that stand where the kernel's system calls are. Others leave
 * it out: plain stream access with accessible memory.
 */
export interface AccessMode {
  /** pread or pwrite instead of read or write: `ESPIPE`, the file is a stream. Default false. */
  readonly positioned?: boolean
  /** The user's buffer is inaccessible: `EFAULT`, unless no byte would be copied. Default false. */
  readonly faulting?: boolean
}

/** How a write looked at the border. */
export interface WriteMode extends AccessMode {
  /**
   * The length that the user named, in bytes, 0 to 2^64 - 1, when it is more than any memory holds: it is judged
   * (`EOVERFLOW`, `ENOMEM`) before the memory is looked at, and memory that ends before it is `EFAULT`.
   * Default: the length of the bytes.
   */
  readonly length?: bigint
}

/**
 * The data file of one session. A stream: the order of bytes is kept, their division into calls is not. The bytes are
 * opaque, and a resuming file takes exactly the bytes of one saving file, from the first to the last.
 * Once the session has ended every transfer fails with `ENODEV`.
 */
export interface MigrationFile<E = never> {
  readonly kind: "saving" | "resuming"
  /**
   * Takes up to `length` bytes (0 to 2^64 - 1) from where the last read stopped; the memory is the caller's to keep.
   * Empty is the end of the data: for good in STOP_COPY, for now in pre-copy, where a device may fail with `ENOMSG`
   * instead. After a failure the position is unchanged. `EBADF` on a resuming file, `ESPIPE`, `EFAULT`, `ENODEV`.
   */
  readonly read: (length: number | bigint, mode?: AccessMode) => Effect.Effect<Uint8Array, Errno | E>
  /**
   * Appends `bytes` and gives how many were taken; they are copied before the call ends. A device may judge the data as
   * soon as it can: then the call fails with that judgement (`EINVAL`) although the bytes were taken.
   * `EBADF` on a saving file, `ESPIPE`, `EFAULT`, `ENODEV`, `EOVERFLOW` past the largest offset, `ENOMEM` past what the
   * device can hold.
   */
  readonly write: (bytes: Uint8Array, mode?: WriteMode) => Effect.Effect<number, Errno | E>
  /**
   * An ioctl with the caller's memory at the argument pointer; gives the bytes to be copied back there. A saving file
   * knows `MIG_GET_PRECOPY_INFO`, see `PrecopyInfo.ts` for its checks; everything else is `ENOTTY`.
   */
  readonly ioctl: (command: number, argument: Uint8Array) => Effect.Effect<Uint8Array, Errno | E>
  /** Gives the file back. The state of the device does not change; closing again does nothing. */
  readonly close: Effect.Effect<void, E>
  /** The same for callers without a fiber; absent where it is not offered. Who wraps a file wraps this too, or leaves it out. */
  readonly bound?: BoundFile<E> | undefined
}

/**
 * A migration file for a server's hot path: a call begins when it is made, not when its effect is run, and what did not have to wait is an `Either`,
 * which is an effect that has ended already. Otherwise as `MigrationFile`; an effect that is given has to be run.
 */
export interface BoundFile<E = never> {
  readonly read: (length: number) => Effect.Effect<Uint8Array, Errno | E>
  readonly write: (bytes: Uint8Array) => Effect.Effect<number, Errno | E>
  readonly close: () => Effect.Effect<void, E>
}

/** A device's walks for a server's hot path, as `BoundFile`. */
export interface BoundMigration<E = never> {
  /** The caller closes the file of a session that ends with the walk, whatever its answer: a device may do that at once. */
  readonly setState: (requested: number) => Effect.Effect<Option.Option<MigrationFile<E>>, Errno | E>
  /** The state after the last walk that has ended. */
  readonly getState: () => MigrationState
}

/** The migration operations of one device. */
export interface MigratableDevice<E = never> {
  /** The features of `MigrationFlags.ts`; fixed for the life of the device. */
  readonly flags: number
  /**
   * Walks to the state with this number, arc by arc (`Path.ts`). A raw number, so that one that no state has reaches
   * the device and gets its answer: `EINVAL`. A file comes from an arc that opens a session, which can only be the
   * last. The current state is a success without a file. After a failure the device is in the last state that it
   * reached and there is no file; nothing is rolled back.
   */
  readonly setState: (requested: number) => Effect.Effect<Option.Option<MigrationFile<E>>, Errno | E>
  readonly getState: Effect.Effect<MigrationState, E>
  /** How many bytes STOP_COPY will yield, an estimate. Allowed in every state. */
  readonly dataSize: Effect.Effect<bigint, Errno | E>
  /**
   * Function reset: RUNNING from every state, sessions ended, partial data discarded. The only exit from ERROR and the
   * only way out of RESUMING without loading. `EINVAL` if the function cannot be reset.
   */
  readonly reset: Effect.Effect<void, Errno | E>
  /** Walks for callers without a fiber; absent where they are not offered. Who wraps a device wraps this too, or leaves it out. */
  readonly bound?: BoundMigration<E> | undefined
}
