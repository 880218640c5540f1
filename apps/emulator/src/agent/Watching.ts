/** Changes of devices for those who watch: state, standing, guest. Each carries all of it, so one that is missed does no harm. */
import type { DeviceChange } from "@stopcopy/agent"
import type { JournalError } from "@stopcopy/runtime"
import { Data, Effect, Equal, Queue, type Scope } from "effect"
import type { HostedVf } from "../hosting/HostedVf.ts"

/** Changes that wait for a slow watcher; the oldest are dropped. */
const queued = 256

type Seen = Pick<HostedVf, "name" | "vf" | "epoch" | "traffic">

const changeOf = ({ epoch, name, traffic, vf }: Seen): DeviceChange => {
  const { compatVersion, lifecycle, migrationState } = vf.unsafeState()
  return {
    name,
    state: migrationState,
    lifecycle,
    attached: traffic.attached > 0,
    compatVersion,
    ...epoch.unsafeState()
  }
}

const isSame = (one: DeviceChange, other: DeviceChange): boolean => Equal.equals(Data.struct(one), Data.struct(other))

/** Waits until the device is not as `before` any more. */
const nextChange = (device: Seen, before: DeviceChange): Effect.Effect<DeviceChange, JournalError> => {
  const { epoch, traffic, vf } = device
  const changed = Effect.raceAll([
    vf.until(
      ({ compatVersion, lifecycle, migrationState }) =>
        lifecycle !== before.lifecycle || migrationState !== before.state || compatVersion !== before.compatVersion
    ),
    epoch.until(
      (now) => now.epoch !== before.epoch || now.standing !== before.standing || now.digest !== before.digest
    ),
    traffic.untilAttached(!before.attached)
  ])
  return Effect.flatMap(changed, () =>
    Effect.suspend(() => {
      const now = changeOf(device)
      return isSame(now, before) ? nextChange(device, before) : Effect.succeed(now)
    })
  )
}

const tell = (device: Seen, first: DeviceChange, into: Queue.Queue<DeviceChange>): Effect.Effect<never, JournalError> =>
  Effect.iterate(first, {
    while: () => true,
    body: (before) => Effect.tap(nextChange(device, before), (now) => Queue.offer(into, now))
  }).pipe(Effect.zipRight(Effect.never))

/** Subscribes to all devices until the scope ends. */
export const watching = (
  devices: ReadonlyArray<Seen>
): Effect.Effect<Queue.Dequeue<DeviceChange>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Effect.acquireRelease(Queue.sliding<DeviceChange>(queued), Queue.shutdown)
    for (const device of devices) {
      const telling = Effect.catchAllCause(tell(device, changeOf(device), queue), (cause) =>
        Effect.logError(`changes of ${device.name} are not told any more`, cause)
      )
      yield* Effect.forkScoped(Effect.interruptible(telling))
    }
    return queue
  })
