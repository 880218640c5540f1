/**
 * A device as the guest's VMM may have it: what the standing of the device forbids, its own socket cannot do either. A VMM knows no
 * epochs, so only the standing counts, and what it gets is `EPERM`.
 */
import { EBUSY, EPERM } from "@stopcopy/errno"
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

const inCustody = new EBUSY({
  refusal: {
    code: "agent.custody",
    rule: "a device that an agent stopped to save it goes on when the agent says so",
    where: "STOP_COPY",
    source: "the guest's VMM",
    destination: "the agent's caller",
    remedy: "end the migration; it leads the device back, or gives the guest to the other host"
  }
})

/**
 * The device for the server of the guest's socket. States change only while the epoch is held; it is looked at before and after, so that a
 * fence that comes in between has the last word, also over a walk that fails on its way. A reset ends in STOP when the device is fenced, and
 * is refused when it has voted. While an agent's caller has it in STOP_COPY, nothing changes that.
 */
export const guarded = (host: HostDevice): MigratableDevice<HostFailed> => {
  const { custody, epoch, migration } = host
  const held = Effect.flatMap(epoch, check)
  const halt = Effect.asVoid(migration.setState(stop))
  // Looked at when the change begins: an agent that comes later has its turn behind it.
  const free = <A, E>(change: Effect.Effect<A, E>): Effect.Effect<A, E | EBUSY> =>
    Effect.suspend((): Effect.Effect<A, E | EBUSY> => (custody?.taken === true ? Effect.fail(inCustody) : change))
  const lastWord = Effect.ignoreLogged(Effect.tapError(held, () => halt))
  return {
    flags: migration.flags,
    getState: migration.getState,
    dataSize: migration.dataSize,
    setState: (requested) =>
      held.pipe(Effect.zipRight(Effect.ensuring(free(migration.setState(requested)), lastWord)), Effect.zipLeft(held)),
    reset: Effect.flatMap(epoch, (record) => {
      if (record.standing === "granted") return check(record)
      return record.standing === "held"
        ? Effect.ensuring(free(migration.reset), lastWord)
        : Effect.zipRight(migration.reset, halt)
    })
  }
}
