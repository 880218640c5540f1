/**
 * A device as the guest's VMM may have it: what the standing of the device forbids, its own socket cannot do either. A VMM knows no
 * epochs, so only the standing counts, and what it gets is `EPERM`.
 */
import { EPERM } from "@stopcopy/errno"
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
 * fence that comes in between has the last word, also over a walk that fails on its way. A reset ends in STOP when the device is fenced, and
 * is refused when it has voted.
 */
export const guarded = (host: HostDevice): MigratableDevice<HostFailed> => {
  const { epoch, migration } = host
  const held = Effect.flatMap(epoch, check)
  const halt = Effect.asVoid(migration.setState(stop))
  const lastWord = Effect.ignoreLogged(Effect.tapError(held, () => halt))
  return {
    flags: migration.flags,
    getState: migration.getState,
    dataSize: migration.dataSize,
    setState: (requested) =>
      held.pipe(Effect.zipRight(Effect.ensuring(migration.setState(requested), lastWord)), Effect.zipLeft(held)),
    reset: Effect.flatMap(epoch, (record) => {
      if (record.standing === "granted") return check(record)
      return record.standing === "held"
        ? Effect.ensuring(migration.reset, lastWord)
        : Effect.zipRight(migration.reset, halt)
    })
  }
}
