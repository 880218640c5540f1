/**
 * A device as the guest's VMM may have it: what the standing of the device forbids, its own socket cannot do either. A VMM knows no
 * epochs, so only the standing counts, and what it gets is `EPERM`.
 */
import { EPERM, type Errno } from "@stopcopy/errno"
import { type MigratableDevice, MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import { type EpochRecord, holdsBack } from "./Epoch.ts"
import type { HostFailed } from "./Errors.ts"
import type { HostDevice } from "./Host.ts"

const stop = MigrationStates.toNumber("STOP")

const check = ({ epoch, standing }: EpochRecord): Effect.Effect<void, EPERM> => {
  const bad = holdsBack[standing]
  if (bad === undefined) return Effect.void
  return Effect.fail(
    new EPERM({
      refusal: {
        code: `agent.epoch.${standing}`,
        rule: bad.rule,
        where: "standing of the device",
        source: "the guest's VMM",
        destination: `${standing} at epoch ${epoch}`,
        remedy: bad.remedy
      }
    })
  )
}

/**
 * The device for the server of the guest's socket. States change only while the epoch is held; it is looked at before and after, so that a
 * fence that comes in between has the last word. A reset ends in STOP when the device is fenced, and is refused when it has voted.
 */
export const guarded = (host: HostDevice): MigratableDevice<HostFailed> => {
  const { epoch, migration } = host
  const held = Effect.flatMap(epoch, check)
  const stopAndFail = (error: EPERM | HostFailed): Effect.Effect<never, Errno | HostFailed> =>
    Effect.zipRight(migration.setState(stop), Effect.fail(error))
  return {
    flags: migration.flags,
    getState: migration.getState,
    dataSize: migration.dataSize,
    setState: (requested) =>
      held.pipe(
        Effect.zipRight(migration.setState(requested)),
        Effect.tap(() => Effect.catchAll(held, stopAndFail))
      ),
    reset: Effect.flatMap(epoch, (record) => {
      if (record.standing === "granted") return check(record)
      const back = migration.reset
      return record.standing === "held" ? back : Effect.zipRight(back, Effect.asVoid(migration.setState(stop)))
    })
  }
}
