/**
 * A device whose epoch is not its own stands still, whatever happens to it: its VMM may reset the function, its PF may restart, and both would leave it
 * running. Source: `packages/agent/README.md`, "Epochs".
 */
import type { EpochActor } from "@stopcopy/agent"
import type { QatVfioPci } from "@stopcopy/qat"
import { type MigrationState, MigrationStates } from "@stopcopy/vfio"
import { Effect, type Scope } from "effect"

const stop = MigrationStates.toNumber("STOP")
const retryAfter = "100 millis"

const goesOn = (state: MigrationState): boolean => MigrationStates.isRunning(state)

/** Stops the device each time that it runs without an epoch of its own, until the scope ends. */
export const keepStill = (
  name: string,
  driver: QatVfioPci.QatVfioPci,
  epoch: EpochActor.EpochActor
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* epoch.until(({ standing }) => standing !== "held")
    const runs = driver.vf.until(({ migrationState }) => goesOn(migrationState))
    const held = epoch.until(({ standing }) => standing === "held")
    yield* Effect.raceFirst(runs, held)
    if (epoch.unsafeState().standing !== "held") yield* driver.setState(stop)
  }).pipe(
    Effect.catchAllCause((cause) =>
      Effect.zipRight(
        Effect.logError(
          `${name}: the device could not be stopped, and its epoch is not its own; it is tried again`,
          cause
        ),
        Effect.sleep(retryAfter)
      )
    ),
    Effect.forever,
    Effect.forkScoped,
    Effect.asVoid
  )
