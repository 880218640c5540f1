/**
 * Follows every registered host: what it is, each change of its devices, whether it answers. A host that does not answer is asked again; what it said last is
 * kept meanwhile.
 */
import type { DeviceChange, PfDescription } from "@stopcopy/agent"
import type { AgentClient } from "@stopcopy/agent/client"
import { type HostRecord, locate } from "@stopcopy/fleet"
import { Context, Duration, Effect, Either, FiberMap, Layer, Stream } from "effect"
import { FleetActor, type FleetActorService } from "../fleet/FleetActor.ts"
import { HostAgents } from "./HostAgents.ts"

/** A host that is well is asked so often whether it answers all the same: a connection can be dead without a word. */
const askEvery = "10 seconds"
/** It is asked so often before it describes all its devices again, which takes as long as it has many: what changes of them is told as it happens. */
const asksBetweenLooks = 5
/** The pause before a host that does not answer is asked again, in milliseconds: it may have been begun anew, and somebody's guest waits. It doubles, up to the longest. */
const [firstPause, longestPause] = [100, 2000]
/** How long an answer may take. */
const patience = "10 seconds"

type Pfs = ReadonlyArray<PfDescription>

/** How its devices are is left as it is known: that is told by the stream of changes, which may be ahead of a description. */
const withKnownStatus = (pfs: Pfs, record: HostRecord): Pfs =>
  pfs.map((pf) => ({
    ...pf,
    vfs: pf.vfs.map((vf) => {
      const known = locate(record, vf.name)?.vf
      if (known === undefined) return vf
      const { attached, digest, epoch, lifecycle, standing, state } = known
      const status = { attached, digest, epoch, lifecycle, standing, state }
      return known.compatVersion === undefined
        ? { ...vf, ...status }
        : { ...vf, ...status, compatVersion: known.compatVersion }
    })
  }))

/** Its answer in time, or why there is none, in words. */
const inTime = <A, E extends { readonly message: string }>(asked: Effect.Effect<A, E>): Effect.Effect<A, string> =>
  Effect.timeoutFail(
    Effect.mapError(asked, ({ message }) => message),
    { duration: patience, onTimeout: () => "no answer in time" }
  )

/** Asks a host whether it answers, and nothing of its devices. */
const ask = (fleet: FleetActorService, host: string, agent: AgentClient): Effect.Effect<void, string> =>
  Effect.zipRight(inTime(agent.describeOnly([])), noteHealth(fleet, host, ""))

/** Asks a host what it is, and tells the fleet what of that is new. Fails with the reason, in words. */
export const look = (fleet: FleetActorService, host: string, agent: AgentClient): Effect.Effect<void, string> =>
  Effect.gen(function* () {
    const { host: name, pfs: described } = yield* inTime(agent.describe)
    const { hosts } = yield* Effect.mapError(fleet.state, ({ message }) => message)
    const record = hosts.find(({ id }) => id === host)
    const pfs = record === undefined ? described : withKnownStatus(described, record)
    yield* Effect.mapError(
      fleet.note((at) => ({ _tag: "DescribeHost", host, name, pfs, at })),
      ({ message }) => message
    )
    yield* noteHealth(fleet, host, "")
  })

/** An empty reason: it answers. */
export const noteHealth = (fleet: FleetActorService, host: string, reason: string): Effect.Effect<void> =>
  fleet
    .note((at) => ({ _tag: "NoteHealth", host, reachable: reason === "", reason, at }))
    .pipe(
      Effect.zipRight(fleet.kick),
      Effect.catchAll(({ message }) => Effect.logWarning(`${host}: its health is not recorded: ${message}`))
    )

/** Changes of one device within so long are told as one. */
const together = "100 millis"
/** Changes that are told at once, at most. */
const changesAtOnce = 1024

/** The last change of each device. */
const lastOfEach = (changes: Iterable<DeviceChange>): Iterable<DeviceChange> =>
  new Map(Array.from(changes, (change) => [change.name, change] as const)).values()

/** A device that the fleet does not know is one of a new description: the host is looked at again. Nothing that waits to start waits for this. */
const noteDevices = (
  fleet: FleetActorService,
  host: string,
  agent: AgentClient,
  changes: Iterable<DeviceChange>
): Effect.Effect<void, string> =>
  Effect.gen(function* () {
    const noted = yield* Effect.forEach(lastOfEach(changes), (change) =>
      Effect.either(fleet.note(() => ({ _tag: "NoteDevice", host, change })))
    )
    const isNew = noted.some((one) => Either.isLeft(one) && one.left._tag === "NotFound")
    if (isNew) yield* look(fleet, host, agent)
  })

/** Follows while the host answers; gives why it does not any more. */
const following = (fleet: FleetActorService, host: string, agent: AgentClient): Effect.Effect<never, string> => {
  const asking = Effect.repeatN(Effect.delay(ask(fleet, host, agent), askEvery), asksBetweenLooks - 1)
  const looking = Effect.forever(Effect.zipRight(asking, Effect.delay(look(fleet, host, agent), askEvery)))
  const changes = agent.watch({ devices: [] }).pipe(
    Stream.mapError(({ message }) => message),
    // A migration changes a device ten times on each side, most of it within milliseconds: what counts is how the device is then.
    Stream.groupedWithin(changesAtOnce, together),
    Stream.runForEach((some) => noteDevices(fleet, host, agent, some)),
    Effect.zipRight(Effect.fail("its agent closed the stream of changes"))
  )
  return Effect.zipRight(look(fleet, host, agent), Effect.raceFirst(looking, changes))
}

const watch = (fleet: FleetActorService, agents: Context.Tag.Service<typeof HostAgents>, host: string) =>
  Effect.suspend(() => {
    let pause = firstPause
    return Effect.gen(function* () {
      const [followed, ended] = yield* agents.of(host).pipe(
        Effect.mapError(({ message }) => message),
        Effect.flatMap((agent) => following(fleet, host, agent)),
        Effect.either,
        Effect.timed
      )
      // One that answers and is lost at once, again and again, is asked no oftener than one that does not answer.
      if (Duration.toMillis(followed) > longestPause) pause = firstPause
      if (Either.isLeft(ended)) {
        yield* Effect.logWarning(`${host}: ${ended.left}`)
        yield* noteHealth(fleet, host, ended.left)
      }
      yield* Effect.sleep(pause)
      pause = Math.min(longestPause, 2 * pause)
    }).pipe(Effect.forever)
  })

export class Watching extends Context.Tag("@stopcopy/coordinator/Watching")<
  Watching,
  {
    /** From now on; one that is followed already is followed anew. */
    readonly begin: (host: string) => Effect.Effect<void>
    readonly end: (host: string) => Effect.Effect<void>
  }
>() {
  /** Follows all hosts that the fleet knows. */
  static readonly layer = Layer.scoped(
    Watching,
    Effect.gen(function* () {
      const [fleet, agents] = [yield* FleetActor, yield* HostAgents]
      const fibers = yield* FiberMap.make<string>()
      const begin = (host: string) => Effect.asVoid(FiberMap.run(fibers, host, watch(fleet, agents, host)))
      for (const { id } of (yield* fleet.state).hosts) yield* begin(id)
      return { begin, end: (host) => FiberMap.remove(fibers, host) }
    })
  )
}
