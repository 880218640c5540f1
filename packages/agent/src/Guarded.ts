/**
 * A device as the guest's VMM may have it: what the standing of the device forbids, its own socket cannot do either. A VMM knows no
 * epochs, so only the standing counts, and what it gets is `EPERM`.
 */
import { EBUSY, EPERM } from "@stopcopy/errno"
import { type BoundMigration, type MigratableDevice, MigrationStates, Now } from "@stopcopy/vfio"
import { Effect, Either } from "effect"
import { type EpochRecord, holdsBack } from "./Epoch.ts"
import type { HostFailed } from "./Errors.ts"
import type { HostDevice } from "./Host.ts"

type Walk = ReturnType<MigratableDevice<HostFailed>["setState"]>

const stop = MigrationStates.toNumber("STOP")

const check = ({ epoch, standing }: EpochRecord): Either.Either<void, EPERM> => {
  const bad = holdsBack[standing]
  if (bad === undefined) return Either.void
  return Either.left(
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

/** Walks of a server's own way: between two looks at the epoch nothing comes, but for a walk that has to wait. */
const boundOf = (
  { custody, epochNow, migration: { bound } }: HostDevice,
  wait: (walk: Walk) => Walk
): BoundMigration<HostFailed> | undefined =>
  bound &&
  epochNow && {
    getState: bound.getState,
    setState: (requested) => {
      const may = check(epochNow())
      if (Either.isLeft(may)) return Either.left(may.left)
      if (custody?.taken() === true) return Either.left(inCustody)
      const walked = bound.setState(requested)
      return Now.isNow(walked) ? walked : wait(walked)
    }
  }

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
    Effect.suspend((): Effect.Effect<A, E | EBUSY> => (custody?.taken() === true ? Effect.fail(inCustody) : change))
  const lastWord = Effect.ignoreLogged(Effect.tapError(held, () => halt))
  const watched = (walk: Walk): Walk => Effect.zipLeft(Effect.ensuring(walk, lastWord), held)
  return {
    get bound() {
      return boundOf(host, watched)
    },
    flags: migration.flags,
    getState: migration.getState,
    dataSize: migration.dataSize,
    setState: (requested) => Effect.zipRight(held, watched(free(migration.setState(requested)))),
    reset: Effect.flatMap(epoch, (record) => {
      if (record.standing === "granted") return check(record)
      return record.standing === "held"
        ? Effect.ensuring(free(migration.reset), lastWord)
        : Effect.zipRight(migration.reset, halt)
    })
  }
}
