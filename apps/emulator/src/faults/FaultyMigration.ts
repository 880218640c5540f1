/** The migration of a device as an agent's calls have it, with what becomes of them: later, refused, not done, or done without an answer. */
import { callerLeft, type FaultKind, type HostFailed } from "@stopcopy/agent"
import { ECANCELED, EIO, type Errno, fromNumber } from "@stopcopy/errno"
import type { MigratableDevice, MigrationFile } from "@stopcopy/vfio"
import { Effect, Option } from "effect"
import type { Meeting } from "./Meeting.ts"

type Step<A> = Effect.Effect<A, Errno | HostFailed>

const failure = (errno: number): Errno => Option.getOrElse(fromNumber(errno), () => new EIO({}))

/** One fault on the way of one operation. What never ends is given up with the faults, and ends with its caller. */
const suffer = <A>(points: Meeting, step: Step<A>, kind: FaultKind): Step<A> => {
  const lost = Effect.raceFirst(points.cleared, callerLeft)
  switch (kind._tag) {
    case "Delay":
      return Effect.delay(step, kind.millis)
    case "Drop":
      return Effect.zipRight(lost, new ECANCELED({}))
    case "LoseAnswer":
      return Effect.zipLeft(step, lost)
    case "Fail":
      return Effect.fail(failure(kind.errno))
    default:
      return step
  }
}

export const faultyMigration = (
  points: Meeting,
  device: string,
  migration: MigratableDevice<HostFailed>
): MigratableDevice<HostFailed> => {
  const meeting = <A>(message: string, step: Step<A>): Step<A> =>
    Effect.suspend(() => points.meet(device, message).reduce((now, kind) => suffer(points, now, kind), step))
  const faulty = (file: MigrationFile<HostFailed>): MigrationFile<HostFailed> => ({
    ...file,
    bound: undefined,
    read: (length, mode) => meeting("Save", file.read(length, mode)),
    write: (bytes, mode) => meeting("Resume", file.write(bytes, mode))
  })
  return {
    ...migration,
    bound: undefined,
    get flags() {
      return migration.flags
    },
    setState: (requested) => Effect.map(meeting("SetState", migration.setState(requested)), Option.map(faulty)),
    reset: meeting("Reset", migration.reset)
  }
}
