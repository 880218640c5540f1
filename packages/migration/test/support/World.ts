/**
 * Two hosts, the ways to them, and a coordinator, in one process. A trouble ends a process at one of its events, or cuts a way at one of its calls; what was
 * broken is whole again soon, late or never. After every call it is looked whether two sides run.
 */
import { AgentUnreachable } from "@stopcopy/agent/client"
import type { Epochs } from "@stopcopy/agent"
import { type Agent, Agents, type Order, type Side } from "@stopcopy/migration"
import { MigrationStates, type MigrationState } from "@stopcopy/vfio"
import { assert } from "@effect/vitest"
import { Deferred, Effect, Option, Scope } from "effect"
import { Fuse, type When } from "./Fuse.ts"
import { deviceOf, type Disk, groupSize, type Life, newJournal, numbers, type Start } from "./Life.ts"

/** When it is whole again: within the tries of a step; when the migration is in doubt or has ended; not before an operator has ended it. */
export type Heals = "soon" | "late" | "never"

export type Trouble =
  | { readonly _tag: "None" }
  /** The process of one side, or of the coordinator, ends at its `at`-th event. */
  | {
      readonly _tag: "Crash"
      readonly who: Side | "coordinator"
      readonly at: number
      readonly when: When
      readonly heals: Heals
    }
  /** The coordinator ends at the `at`-th call to any side. */
  | { readonly _tag: "CrashInCall"; readonly at: number; readonly when: When }
  /** The way to the side of the `at`-th call is cut, before the call arrives or before its answer does. */
  | { readonly _tag: "Cut"; readonly at: number; readonly when: When; readonly heals: Heals }

export const order: Order = {
  source: "alpha",
  destination: "beta",
  members: [
    { source: deviceOf(0), destination: deviceOf(0) },
    { source: deviceOf(1), destination: deviceOf(1) }
  ],
  limits: { downtimeMillis: 60_000, whenOver: { _tag: "Abort" } }
}

/** A call that was made. */
export interface Called {
  readonly side: Side
  readonly name: string
}

/** How many failed calls a side needs until it is whole again soon. */
const soonAfter = 2

class Host {
  readonly disk: Disk
  readonly side: Side
  life: Life
  cut = false
  failedCalls = 0
  /** One process after the other. */
  readonly starting = Effect.unsafeMakeSemaphore(1)

  constructor(side: Side, disk: Disk, life: Life) {
    this.side = side
    this.disk = disk
    this.life = life
  }

  get isDown(): boolean {
    return this.cut || this.life.fuse.blown
  }
}

interface Seen {
  readonly state: MigrationState
  readonly record: Epochs.EpochRecord
}

/** Whether a device runs the guest. A destination that was never fenced runs as it was born, without a guest. */
const runs = (side: Side, { record: { epoch, standing }, state }: Seen): boolean =>
  standing === "held" && MigrationStates.isRunning(state) && (side === "source" || epoch > 0)

const assertTogether = (side: Side, seen: ReadonlyArray<Seen>): void => {
  const starts = seen.some(({ record, state }) => record.standing === "held" && MigrationStates.startsDma(state))
  const stands = seen.some(({ state }) => !MigrationStates.isRunning(state))
  if (starts && stands) assert.fail(`${side}: ${seen.map(({ state }) => state).join(", ")}`)
}

/** Waits for ever, and is forgotten when nobody else knows of it: `Effect.never` has a timer that keeps all it holds. */
export const forgotten = Effect.async<never>(() => undefined)

/** What a call gives, unless the process ends meanwhile. */
const carriedOut = <A, E>(life: Life, use: (life: Life) => Effect.Effect<A, E>) => {
  const answer = Effect.asSome(Effect.exit(Effect.suspend(() => use(life))))
  const { ended, isArmed } = life.fuse
  return isArmed ? Effect.raceFirst(Effect.disconnect(answer), Effect.as(ended, Option.none<never>())) : answer
}

/** Both hosts and what happens to them. */
export class World {
  readonly hosts: Readonly<Record<Side, Host>>
  readonly calls: Array<Called> = []
  /** Filled when the coordinator's process ends. */
  coordinatorDied: Deferred.Deferred<void> | undefined
  /** Told of each call before it is made. */
  onCall: (called: Called) => Effect.Effect<void> = () => Effect.void
  /** One call after the other, so that every state between them is looked at. */
  private readonly one = Effect.unsafeMakeSemaphore(1)
  private readonly trouble: Trouble
  private readonly start: Start

  constructor(hosts: Readonly<Record<Side, Host>>, trouble: Trouble, start: Start) {
    this.hosts = hosts
    this.trouble = trouble
    this.start = start
  }

  /** The side is whole again: its way, and its process. */
  readonly heal = (side: Side): Effect.Effect<void, never, Scope.Scope> =>
    Effect.gen(this, function* () {
      const host = this.hosts[side]
      host.cut = false
      host.failedCalls = 0
      if (host.life.fuse.blown) host.life = yield* Effect.orDie(this.start(host.disk, new Fuse()))
      yield* this.check
    }).pipe(this.hosts[side].starting.withPermits(1))

  readonly healAll = Effect.suspend(() => Effect.zipRight(this.heal("source"), this.heal("destination")))

  /** What an operator does at the machine itself, who vouches that a side does not run. */
  readonly fenceByHand = (side: Side, epoch: number): Effect.Effect<void> => {
    const { handlers } = this.hosts[side].life
    return Effect.orDie(
      Effect.forEach(numbers, (number) => handlers.Fence({ device: deviceOf(number), epoch }), { discard: true })
    )
  }

  private look(side: Side): Effect.Effect<ReadonlyArray<Seen>> {
    const { disk, life } = this.hosts[side]
    return Effect.orDie(
      Effect.forEach(life.devices, (device) =>
        Effect.map(device.status, ({ state }) => ({
          state,
          record: disk.epochs.get(device.facts.name) ?? { epoch: 0, standing: "held" as const, digest: null }
        }))
      )
    )
  }

  /** How many devices of a side run the guest. */
  readonly running = (side: Side): Effect.Effect<number> =>
    Effect.map(this.look(side), (seen) => seen.filter((device) => runs(side, device)).length)

  /** Never two sides that run; and no device of a group starts DMA while another one of it stands still. */
  readonly check: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipWith(this.look("source"), this.look("destination"), (source, destination) => {
      const both =
        source.some((device) => runs("source", device)) && destination.some((device) => runs("destination", device))
      if (both) assert.fail(`both sides run: ${JSON.stringify({ source, destination })}`)
      assertTogether("source", source)
      assertTogether(
        "destination",
        destination.filter(({ record }) => record.epoch > 0)
      )
    })
  )

  /** Digests of the devices of a side. */
  readonly digests = (side: Side): Effect.Effect<ReadonlyArray<string>> =>
    Effect.orDie(
      Effect.forEach(this.hosts[side].life.devices, ({ view }) => Effect.map(view, ({ digests }) => digests.whole))
    )

  private unreachable(side: Side, call: string): AgentUnreachable {
    const address = { _tag: "Unix", path: this.hosts[side].disk.name } as const
    return new AgentUnreachable({ address, call, reason: "cut", hint: "heal the link" })
  }

  /** A call did not get through. After a few of them a side may be whole again. */
  private missed(side: Side, call: string): Effect.Effect<never, AgentUnreachable, Scope.Scope> {
    const host = this.hosts[side]
    host.failedCalls++
    const { trouble } = this
    const soon = "heals" in trouble && trouble.heals === "soon" && host.failedCalls >= soonAfter
    return Effect.zipRight(soon ? this.heal(side) : Effect.void, Effect.fail(this.unreachable(side, call)))
  }

  /** What the trouble does at the `at`-th call. */
  private meet(at: number, when: When, side: Side): Effect.Effect<void> {
    const { trouble } = this
    if (trouble._tag !== "Cut" && trouble._tag !== "CrashInCall") return Effect.void
    if (trouble.at !== at || trouble.when !== when) return Effect.void
    if (trouble._tag === "Cut") return Effect.sync(() => (this.hosts[side].cut = true))
    const { coordinatorDied } = this
    if (coordinatorDied === undefined) return Effect.void
    return Effect.zipRight(Deferred.succeed(coordinatorDied, undefined), forgotten)
  }

  /** One call on one side, on the life that the host has when it arrives. */
  private made<A, E>(side: Side, name: string, use: (life: Life) => Effect.Effect<A, E>) {
    const host = this.hosts[side]
    return Effect.gen(this, function* () {
      const called = { side, name }
      const at = this.calls.push(called)
      yield* this.onCall(called)
      yield* this.meet(at, "before", side)
      if (host.isDown) return yield* this.missed(side, name)
      const answer = yield* this.one.withPermits(1)(Effect.zipLeft(carriedOut(host.life, use), this.check))
      yield* this.meet(at, "after", side)
      return host.isDown || Option.isNone(answer) ? yield* this.missed(side, name) : yield* answer.value
    })
  }

  private agentOf(side: Side, scope: Scope.Scope): Agent {
    const made = <A, E>(name: string, use: (life: Life) => Effect.Effect<A, E>) =>
      Effect.provideService(this.made(side, name, use), Scope.Scope, scope)
    return {
      describeOnly: (devices) => made("describe", ({ handlers }) => handlers.Describe({ devices })),
      setState: (call) => made(`setState ${call.to}`, ({ handlers }) => handlers.SetState(call)),
      getState: (call) => made("getState", ({ handlers }) => handlers.GetState(call)),
      dataSize: (call) => made("dataSize", ({ handlers }) => handlers.DataSize(call)),
      save: (call) => made("save", ({ handlers }) => handlers.Save(call)),
      resume: (call) => made("resume", ({ handlers }) => handlers.Resume(call)),
      reset: (call) => made("reset", ({ handlers }) => handlers.Reset(call)),
      digest: (call) => made("digest", ({ handlers }) => handlers.Digest(call)),
      grant: (call) => made("grant", ({ handlers }) => handlers.Grant(call)),
      adopt: (call) => made("adopt", ({ handlers }) => handlers.Adopt(call)),
      fence: (call) => made("fence", ({ handlers }) => handlers.Fence(call))
    }
  }

  readonly agents = Effect.map(Effect.scope, (scope) => {
    const known = { alpha: this.agentOf("source", scope), beta: this.agentOf("destination", scope) }
    return Agents.of({ of: (host) => Effect.succeed(host === "alpha" ? known.alpha : known.beta) })
  })
}

/** A guest on `alpha`, nothing on `beta`. Events are counted from here. */
export const makeWorld = (start: Start, trouble: Trouble = { _tag: "None" }) =>
  Effect.gen(function* () {
    const hostOf = (side: Side, name: string, guest?: number) =>
      Effect.gen(function* () {
        const disk: Disk = { name, journal: yield* Effect.cached(newJournal), epochs: new Map() }
        const host = new Host(side, disk, yield* start(disk, new Fuse(), guest))
        const ends = trouble._tag === "Crash" && trouble.who === side ? trouble : undefined
        host.life.fuse.arm(ends?.at, ends?.when ?? "before")
        return host
      })
    return new World(
      { source: yield* hostOf("source", "alpha", 7), destination: yield* hostOf("destination", "beta") },
      trouble,
      start
    )
  })

/** The side where all devices run. */
export const winner = (world: World) =>
  Effect.gen(function* () {
    const [source, destination] = [yield* world.running("source"), yield* world.running("destination")]
    assert.sameMembers([source, destination], [0, groupSize], "exactly one side runs, whole")
    return source > 0 ? ("source" as const) : ("destination" as const)
  })
