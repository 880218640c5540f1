/**
 * A device as the server serves it to one client after the other, with what must outlive a client: the open migration file and whether DMA is logged.
 * Source: sections 13, 15 and 17 of the vfio-user specification.
 *
 * S1 The file of a session is closed when the session ends, when another begins, or when the server stops and does not keep it; not when a client leaves.
 * S2 What changes the migration state is not interrupted: between a state and its file nothing is lost.
 */
import { EINVAL, type Errno } from "@stopcopy/errno"
import {
  type BoundMigration,
  type MigratableDevice,
  type MigrationFile,
  type MigrationState,
  MigrationStates,
  Now,
  type VfioDevice
} from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"
import type { Options } from "./Options.ts"

export class Served<E> {
  readonly device: VfioDevice<E>
  readonly options: Options
  /** Bytes of a page while DMA is logged. */
  loggingPageSize: bigint | undefined
  /** The file of the open session. */
  file: MigrationFile<E> | undefined

  /** `file`: of a session that an earlier server of the device has left open. */
  constructor(device: VfioDevice<E>, options: Options, file?: MigrationFile<E>) {
    this.device = device
    this.options = options
    this.file = file
  }

  /** Walks to the state with this number, now if the device can. After a failure the file follows the state that was reached. */
  setState(migration: MigratableDevice<E>, requested: number): Effect.Effect<void, Errno | E> {
    const { bound } = migration
    const walked = bound === undefined ? migration.setState(requested) : bound.setState(requested)
    if (bound !== undefined && Now.isNow(walked)) return this.walked(bound, walked)
    return Effect.uninterruptible(
      Effect.matchEffect(walked, {
        onSuccess: (file) => (Option.isSome(file) ? this.adopt(file.value) : this.follow(migration)),
        onFailure: (error) => Effect.zipRight(this.follow(migration), Effect.fail(error))
      })
    )
  }

  /** What follows from a walk that has ended already. */
  private walked(
    bound: BoundMigration<E>,
    result: Either.Either<Option.Option<MigrationFile<E>>, Errno | E>
  ): Effect.Effect<void, Errno | E> {
    if (Either.isRight(result) && Option.isSome(result.right)) return this.adopt(result.right.value)
    const followed = this.isOf(bound.getState()) ? Either.void : this.close()
    return Now.flatMapNow(followed, () => (Either.isRight(result) ? Either.void : Either.left(result.left)))
  }

  /** DEVICE_RESET by the rule of the options. */
  reset(): Effect.Effect<void, Errno | E> {
    const { migration, reset } = this.device
    if (migration === undefined) return reset
    const way = this.options.resetKeepsMigrationState ? this.resetKeeping(migration) : this.resetToRunning(migration)
    return Effect.uninterruptible(Effect.ensuring(way, Effect.ignore(this.follow(migration))))
  }

  /** Closes the file of the session, if there is one. */
  readonly closeFile: Effect.Effect<void, E> = Effect.suspend(() => this.close())

  /** The same, now. */
  private close(): Effect.Effect<void, E> {
    const { file } = this
    this.file = undefined
    return closed(file)
  }

  private resetToRunning(migration: MigratableDevice<E>): Effect.Effect<void, Errno | E> {
    return this.device.reset.pipe(
      Effect.zipRight(migration.getState),
      Effect.flatMap((state) => (state === "RUNNING" ? Effect.void : migration.reset))
    )
  }

  /** In PRE_COPY and RESUMING the state is entered again when the device has left it: its session begins anew. */
  private resetKeeping(migration: MigratableDevice<E>): Effect.Effect<void, Errno | E> {
    return Effect.flatMap(migration.getState, (before) => {
      if (before === "STOP" || before === "STOP_COPY") return Effect.fail(stopped(before))
      if (before === "ERROR") return this.resetToRunning(migration)
      return this.device.reset.pipe(
        Effect.zipRight(migration.getState),
        Effect.flatMap((after) =>
          after === before ? Effect.void : this.setState(migration, MigrationStates.toNumber(before))
        )
      )
    })
  }

  private adopt(file: MigrationFile<E>): Effect.Effect<void, E> {
    const before = this.file
    this.file = file
    return closed(before)
  }

  private follow(migration: MigratableDevice<E>): Effect.Effect<void, E> {
    return Effect.flatMap(migration.getState, (state) => (this.isOf(state) ? Effect.void : this.closeFile))
  }

  /** Whether the open file, if there is one, is of the session of this state. */
  private isOf(state: MigrationState): boolean {
    return this.file === undefined || MigrationStates.facts[state].session === this.file.kind
  }
}

/** Closes a file, if there is one, now if it can. */
const closed = <E>(file: MigrationFile<E> | undefined): Effect.Effect<void, E> => {
  if (file === undefined) return Either.void
  return file.bound === undefined ? file.close : file.bound.close()
}

const stopped = (state: MigrationState): EINVAL =>
  new EINVAL({
    refusal: {
      code: "vfio-user.reset.stopped",
      rule: "a device that stands still is not reset, as libvfio-user has it",
      where: "migration state",
      source: state,
      destination: "any state but STOP and STOP_COPY",
      remedy: "go to RUNNING first"
    }
  })
