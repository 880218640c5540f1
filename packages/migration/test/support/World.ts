/**
 * Two hosts, the ways to them, guests at work, and the processes of coordinators, in one process. A trouble ends processes at a moment, or cuts ways; what was broken is
 * whole again soon, late or never. After every call it is looked whether two sides run.
 */
import { AgentUnreachable } from "@stopcopy/agent/client"
import { type Agent, Agents, type Order, type Side } from "@stopcopy/migration"
import { assert } from "@effect/vitest"
import { Effect, ExecutionStrategy, Exit, Option, Scope } from "effect"
import { assertTogether, Host, runs } from "./Hosts.ts"
import { type End, Fuse, isSame, type Moment, Plot, type When } from "./Fuse.ts"
import { forgotten, Guest } from "./Guest.ts"
import { deviceOf, type Disk, type Life, newJournal, type Start } from "./Life.ts"

/** When it is whole again: within the tries of a step; when the migration is in doubt or has ended; not before an operator has ended it. */
export type Heals = "soon" | "late" | "never"

/** What goes wrong. */
export interface Trouble {
  /** Processes end, one moment after the other. */
  readonly ends?: ReadonlyArray<End>
  /** The coordinator ends at the `at`-th call to any side. */
  readonly endsInCall?: { readonly at: number; readonly when: When }
  /** Ways are cut: at the `at`-th call the way to its side, before the call arrives or before its answer does; or both named ways behind a moment. */
  readonly cut?:
    | { readonly _tag: "InCall"; readonly at: number; readonly when: When }
    | { readonly _tag: "Behind"; readonly moment: Moment; readonly sides: ReadonlyArray<Side> }
  readonly heals?: Heals
}

export const orderOf = (size: number): Order => {
  const [first, ...rest] = Array.from({ length: size }, (_, number) => ({
    source: deviceOf(number),
    destination: deviceOf(number)
  }))
  const member = first ?? { source: deviceOf(0), destination: deviceOf(0) }
  const limits = { downtimeMillis: 60_000, whenOver: { _tag: "Abort" } } as const
  return { source: "alpha", destination: "beta", members: [member, ...rest], limits }
}

/** Both VFs of a virtual machine. */
const usualSize = 2
export const order = orderOf(usualSize)

/** A call that was made. */
export interface Called {
  readonly side: Side
  readonly name: string
}

/** Migration data on its way to the destination. */
interface Chunk {
  readonly bytes: Uint8Array
  readonly migration?: string
}

/** A moment, and how many calls had been made: to both sides, and to each. */
export interface Point {
  readonly moment: Moment
  readonly call: number
  readonly calls: Readonly<Record<Side, number>>
}

/** How many failed calls a side needs until it is whole again soon. */
const soonAfter = 2
/** Requests that a guest submits at a call. */
const wish = 1

/** What a call gives, unless the process ends meanwhile. */
const carriedOut = <A, E>(life: Life, use: (life: Life) => Effect.Effect<A, E>) => {
  const answer = Effect.asSome(Effect.exit(Effect.suspend(() => use(life))))
  const { ended, isDoomed } = life.fuse
  return isDoomed ? Effect.raceFirst(Effect.disconnect(answer), Effect.as(ended, Option.none<never>())) : answer
}

const sides: ReadonlyArray<Side> = ["source", "destination"]

/** Both hosts and what happens to them. */
export class World {
  readonly hosts: Readonly<Record<Side, Host>>
  readonly guests: ReadonlyArray<Guest>
  readonly plot: Plot
  readonly calls: Array<Called> = []
  /** Every moment, with the number of calls that were made by then. */
  readonly points: Array<Point> = []
  /** Where guests have been at work. */
  readonly workedAt = new Set<Side>()
  /** Told of each call before it is made. */
  onCall: (called: Called) => Effect.Effect<void> = () => Effect.void
  /** What becomes of migration data on its way. */
  inTransit: (chunk: Chunk) => Uint8Array = ({ bytes }) => bytes
  /** One call after the other, so that every state between them is looked at. */
  private readonly one = Effect.unsafeMakeSemaphore(1)
  private readonly missing = Effect.unsafeMakeLatch(false)
  private readonly trouble: Trouble
  private readonly start: Start

  constructor(hosts: Readonly<Record<Side, Host>>, plot: Plot, trouble: Trouble, start: Start) {
    this.hosts = hosts
    this.guests = hosts.source.disk.guests
    this.plot = plot
    this.trouble = trouble
    this.start = start
  }

  /** The side is whole again: its way, and its process. */
  readonly heal = (side: Side): Effect.Effect<void, never, Scope.Scope> =>
    Effect.gen(this, function* () {
      const host = this.hosts[side]
      host.cut = false
      host.failedCalls = 0
      if (host.life.fuse.blown) yield* this.startAgain(host)
      yield* this.check
    }).pipe(this.hosts[side].starting.withPermits(1))

  private startAgain(host: Host): Effect.Effect<void, never, Scope.Scope> {
    return Effect.gen(this, function* () {
      yield* Scope.close(host.scope, Exit.void)
      host.scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
      const fuse = new Fuse(host.side, this.plot)
      const started = yield* Effect.exit(Effect.orDie(Scope.extend(this.start(host.disk, fuse), host.scope)))
      // It may end at an event of what it carries on, before it is there.
      if (Exit.isFailure(started) && fuse.blown) return yield* this.startAgain(host)
      host.life = yield* started
    })
  }

  readonly healAll = Effect.suspend(() => {
    this.missing.unsafeClose()
    return Effect.zipRight(this.heal("source"), this.heal("destination"))
  })

  /** Ends when a call has not got through since everything was healed: a way that is cut only then. */
  get misses(): Effect.Effect<void> {
    return this.missing.await
  }

  /** What an operator does at the machine itself, who vouches that a side does not run: a process that has ended is begun anew for it. */
  readonly fenceByHand = (side: Side, epoch: number): Effect.Effect<void, never, Scope.Scope> =>
    Effect.gen(this, function* () {
      const host = this.hosts[side]
      if (host.life.fuse.blown) yield* this.startAgain(host)
      const { devices, handlers } = host.life
      yield* Effect.forEach(devices, ({ facts }) => Effect.orDie(handlers.Fence({ device: facts.name, epoch })), {
        discard: true
      })
    })

  /** How many devices of a side run the guest. */
  running(side: Side): number {
    return this.hosts[side].life.look().filter((device) => runs(side, device)).length
  }

  /** Never two sides that run; and no device of a group starts DMA while another one of it stands still. */
  readonly check: Effect.Effect<void> = Effect.sync(() => {
    const [source, destination] = [this.hosts.source.life.look(), this.hosts.destination.life.look()]
    if (this.running("source") > 0 && this.running("destination") > 0) {
      assert.fail(`both sides run: ${JSON.stringify({ source, destination })}`)
    }
    assertTogether("source", source)
    assertTogether(
      "destination",
      destination.filter(({ record }) => record.epoch > 0)
    )
  })

  /** Guests work where their devices run, as far as a process is there for them; elsewhere they stand still. */
  readonly work = (requests: number): Effect.Effect<void> =>
    Effect.forEach(sides, (side) => this.workOn(side, requests), { discard: true })

  private workOn(side: Side, requests: number): Effect.Effect<void> {
    const { drivers, fuse, look } = this.hosts[side].life
    if (fuse.blown) return Effect.void
    return Effect.forEach(
      drivers,
      (driver, number) => {
        const [guest, seen] = [this.guests[number], look()[number]]
        if (guest === undefined || seen === undefined || !runs(side, seen)) return Effect.void
        this.workedAt.add(side)
        // What does not get through is done again.
        return Effect.ignore(guest.step(driver, requests))
      },
      { discard: true }
    )
  }

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
    this.missing.unsafeOpen()
    host.failedCalls++
    const soon = this.trouble.heals === "soon" && host.failedCalls >= soonAfter
    return Effect.zipRight(soon ? this.heal(side) : Effect.void, Effect.fail(this.unreachable(side, call)))
  }

  /** What the trouble does at the `at`-th call. */
  private meet(at: number, when: When, side: Side): void {
    const { cut, endsInCall } = this.trouble
    if (cut?._tag === "InCall" && cut.at === at && cut.when === when) this.hosts[side].cut = true
    if (endsInCall?.at === at && endsInCall.when === when) this.plot.lives.get("coordinator")?.blow()
  }

  /** Keeps a moment, and cuts ways behind it. */
  readonly note = (moment: Moment): void => {
    const { calls } = this
    const source = calls.filter(({ side }) => side === "source").length
    this.points.push({ moment, call: calls.length, calls: { source, destination: calls.length - source } })
    const { cut } = this.trouble
    if (cut?._tag !== "Behind") return
    if (isSame(cut.moment, moment)) for (const side of cut.sides) this.hosts[side].cut = true
  }

  /** One call on one side, on the life that the host has when it arrives. A caller that has ended is told nothing. */
  private made<A, E>(caller: Fuse, side: Side, name: string, use: (life: Life) => Effect.Effect<A, E>) {
    const host = this.hosts[side]
    const alive = Effect.suspend(() => (caller.blown ? forgotten : Effect.void))
    return Effect.gen(this, function* () {
      yield* alive
      const called = { side, name }
      const at = this.calls.push(called)
      yield* this.onCall(called)
      yield* this.work(wish)
      this.meet(at, "before", side)
      yield* alive
      if (host.isDown) return yield* this.missed(side, name)
      const answer = yield* this.one.withPermits(1)(Effect.zipLeft(carriedOut(host.life, use), this.check))
      this.meet(at, "after", side)
      yield* alive
      return host.isDown || Option.isNone(answer) ? yield* this.missed(side, name) : yield* answer.value
    })
  }

  private agentOf(caller: Fuse, side: Side, scope: Scope.Scope): Agent {
    const made = <A, E>(name: string, use: (life: Life) => Effect.Effect<A, E>) =>
      Effect.provideService(this.made(caller, side, name, use), Scope.Scope, scope)
    return {
      describeOnly: (devices) => made("describe", ({ handlers }) => handlers.Describe({ devices })),
      setState: (call) => made(`setState ${call.to}`, ({ handlers }) => handlers.SetState(call)),
      getState: (call) => made("getState", ({ handlers }) => handlers.GetState(call)),
      dataSize: (call) => made("dataSize", ({ handlers }) => handlers.DataSize(call)),
      save: (call) => made("save", ({ handlers }) => handlers.Save(call)),
      resume: (call) => made("resume", ({ handlers }) => handlers.Resume({ ...call, bytes: this.inTransit(call) })),
      reset: (call) => made("reset", ({ handlers }) => handlers.Reset(call)),
      digest: (call) => made("digest", ({ handlers }) => handlers.Digest(call)),
      grant: (call) => made("grant", ({ handlers }) => handlers.Grant(call)),
      adopt: (call) => made("adopt", ({ handlers }) => handlers.Adopt(call)),
      fence: (call) => made("fence", ({ handlers }) => handlers.Fence(call))
    }
  }

  /** Both hosts, as the process of this fuse reaches them. */
  readonly agents = (caller: Fuse) =>
    Effect.map(Effect.scope, (scope) => {
      const known = {
        alpha: this.agentOf(caller, "source", scope),
        beta: this.agentOf(caller, "destination", scope)
      }
      return Agents.of({ of: (host) => Effect.succeed(host === "alpha" ? known.alpha : known.beta) })
    })
}

/** A guest on `alpha`, nothing on `beta`. Moments are counted from here. */
export const makeWorld = (start: Start, trouble: Trouble = {}, size = usualSize) =>
  Effect.gen(function* () {
    const plot = new Plot()
    const guests = Array.from({ length: size }, () => new Guest())
    const outer = yield* Effect.scope
    const hostOf = (side: Side, name: string, guest?: number) =>
      Effect.gen(function* () {
        const disk: Disk = {
          name,
          journal: yield* Effect.cached(Scope.extend(newJournal, outer)),
          epochs: new Map(),
          guests
        }
        const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
        return new Host(side, disk, yield* Scope.extend(start(disk, new Fuse(side, plot), guest), scope), scope)
      })
    const hosts = { source: yield* hostOf("source", "alpha", 7), destination: yield* hostOf("destination", "beta") }
    const world = new World(hosts, plot, trouble, start)
    plot.onMoment = world.note
    plot.begin(trouble.ends ?? [])
    return world
  })

/** The side where all devices run. */
export const winner = (world: World): Side => {
  const [source, destination] = [world.running("source"), world.running("destination")]
  assert.sameMembers([source, destination], [0, world.guests.length], "exactly one side runs, whole")
  return source > 0 ? "source" : "destination"
}
