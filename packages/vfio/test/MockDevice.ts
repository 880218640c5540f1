/** A device and a descriptor table that record what is done to them and fail where a test tells them to. */
import { EINVAL, EMFILE, type Errno, ETIMEDOUT } from "@stopcopy/errno"
import {
  type DeviceFeatureHandler,
  type MigratableDevice,
  type MigrationFile,
  type MigrationState,
  MigrationStates,
  Path
} from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"

/** A failure that is none of the protocol's. */
export class JournalLost {
  readonly _tag = "JournalLost"
}

export interface MockDevice {
  readonly device: MigratableDevice<JournalLost>
  /** What happened, oldest first: states reached, `close`, `install`, `remove N`. */
  readonly log: Array<string>
  readonly files: DeviceFeatureHandler.FileTable<JournalLost>
}

/** Where the mock fails; everything else succeeds. */
export interface Faults {
  /** Fails with ETIMEDOUT instead of reaching this state. */
  readonly stuckBefore?: MigrationState
  readonly noDescriptor?: boolean
  readonly journalLost?: boolean
  readonly noSize?: boolean
}

const inert: Effect.Effect<never, Errno> = Effect.fail(new EINVAL({}))

const makeFile = (kind: MigrationFile["kind"], log: Array<string>): MigrationFile<JournalLost> => ({
  kind,
  read: () => inert,
  write: () => inert,
  ioctl: () => inert,
  close: Effect.sync(() => {
    log.push("close")
  })
})

const fileOf = (effect: Path.SessionEffect, log: Array<string>): Option.Option<MigrationFile<JournalLost>> => {
  if (effect === "opensSaving") return Option.some(makeFile("saving", log))
  return effect === "opensResuming" ? Option.some(makeFile("resuming", log)) : Option.none()
}

const stateOf = (number: number): MigrationState => Option.getOrThrow(MigrationStates.fromNumber(number))

/** A device with every feature, in RUNNING; a walk first waits for `gate`. The table's next descriptor is 5. */
export const make = (faults: Faults = {}, gate: Effect.Effect<void> = Effect.void): MockDevice => {
  const log: Array<string> = []
  let state: MigrationState = "RUNNING"
  const step = (to: MigrationState): Option.Option<MigrationFile<JournalLost>> => {
    const file = fileOf(Path.sessionEffect({ from: state, to }), log)
    state = to
    log.push(to)
    return file
  }
  const setState: MigratableDevice<JournalLost>["setState"] = (requested) => Effect.zipRight(gate, walk(requested))
  const walk: MigratableDevice<JournalLost>["setState"] = (requested) =>
    Effect.suspend((): ReturnType<MigratableDevice<JournalLost>["setState"]> => {
      if (faults.journalLost) return Effect.fail(new JournalLost())
      let file: Option.Option<MigrationFile<JournalLost>> = Option.none()
      const { error, path } = Path.walk(7, MigrationStates.toNumber(state), requested)
      for (const to of path.map(stateOf)) {
        if (to === faults.stuckBefore) return Effect.fail(new ETIMEDOUT({}))
        file = step(to)
      }
      return error === undefined ? Effect.succeed(file) : Effect.fail(error)
    })
  return {
    log,
    device: {
      flags: 7,
      setState,
      getState: Effect.sync(() => state),
      dataSize: faults.noSize ? inert : Effect.succeed(4096n),
      reset: Effect.sync(() => {
        state = "RUNNING"
      })
    },
    files: {
      install: () => {
        log.push("install")
        return faults.noDescriptor ? Either.left(new EMFILE({})) : Either.right(5)
      },
      remove: (descriptor) => {
        log.push(`remove ${descriptor}`)
      }
    }
  }
}
