/** Following a host: what is asked of it, how often, and what the fleet hears of its devices. */
import { assert, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { type AgentClient, makeClient } from "@stopcopy/agent/client"
import { locate } from "@stopcopy/fleet"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { Chunk, Clock, Effect, Either, Layer, Ref, Stream, TestClock } from "effect"
import { FleetActor } from "../../src/fleet/FleetActor.ts"
import { HostAgents } from "../../src/hosts/HostAgents.ts"
import { Watching } from "../../src/hosts/Watching.ts"
import { serveHost } from "../support/world.ts"

interface Asked {
  readonly whole: number
  readonly answers: number
}

/** The agent, and how often it was asked for what. */
const counting = (agent: AgentClient, asked: Ref.Ref<Asked>): AgentClient => ({
  ...agent,
  describe: Effect.zipLeft(
    agent.describe,
    Ref.update(asked, (now) => ({ ...now, whole: now.whole + 1 }))
  ),
  describeOnly: (devices) =>
    Effect.zipLeft(
      agent.describeOnly(devices),
      Ref.update(asked, (now) => ({ ...now, answers: now.answers + 1 }))
    )
})

/** Lets sockets and fibers go on until this holds: the clock stands still meanwhile. */
const until = <A, E, R>(look: Effect.Effect<A, E, R>, holds: (found: A) => boolean): Effect.Effect<A, E, R> =>
  look.pipe(
    Effect.zipLeft(Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))),
    Effect.repeat({ until: (found: A) => holds(found) })
  )

const worldOf = (changed: (agent: AgentClient) => AgentClient) =>
  Effect.gen(function* () {
    const served = yield* serveHost({ name: "alpha" })
    const asked = yield* Ref.make<Asked>({ whole: 0, answers: 0 })
    const client = yield* makeClient({ address: Either.getOrThrow(Addresses.parse(served.address)) })
    const agent = changed(counting(client, asked))
    const agents = Layer.succeed(HostAgents, { at: () => Effect.succeed(agent), of: () => Effect.succeed(agent) })
    const journal = Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)
    const context = yield* Layer.build(
      Layer.provideMerge(Watching.layer, Layer.provideMerge(Layer.merge(FleetActor.layer, agents), journal))
    )
    const [fleet, watching] = yield* Effect.provide(Effect.all([FleetActor, Watching]), context)
    yield* fleet.ask((at) => ({ _tag: "RegisterHost", host: "alpha", address: served.address, at }))
    yield* watching.begin("alpha")
    const host = Effect.map(fleet.state, ({ hosts }) => hosts[0])
    yield* until(asked, ({ whole }) => whole === 1)
    return { agent, asked, host }
  })

const world = Effect.tap(
  worldOf((agent) => agent),
  ({ host }) => until(host, (known) => known?.health.state === "reachable")
)

it.scoped("a host is asked every ten seconds whether it answers, and once a minute for all that it has", () =>
  Effect.gen(function* () {
    const { asked } = yield* world
    assert.deepStrictEqual(yield* asked, { whole: 1, answers: 0 })
    for (const answers of [1, 2, 3, 4, 5]) {
      yield* TestClock.adjust("10 seconds")
      yield* until(asked, (now) => now.answers === answers)
    }
    assert.strictEqual((yield* asked).whole, 1)
    yield* TestClock.adjust("10 seconds")
    yield* until(asked, ({ whole }) => whole === 2)
    assert.strictEqual((yield* asked).answers, 5)
  })
)

it.scoped("how a device is becomes known a moment after it changed", () =>
  Effect.gen(function* () {
    const { agent, host } = yield* world
    for (const to of ["PRE_COPY", "PRE_COPY_P2P", "STOP_COPY"] as const) {
      yield* agent.setState({ device: "pf0/vf0", epoch: 0, to })
    }
    const stateOf = Effect.map(host, (known) => (known === undefined ? undefined : locate(known, "pf0/vf0")?.vf.state))
    assert.strictEqual(yield* stateOf, "RUNNING", "the clock stands still")
    yield* until(Effect.zipRight(TestClock.adjust("10 millis"), stateOf), (state) => state === "STOP_COPY")
  })
)

it.scoped("a host that answers and is lost at once is asked again soon at first, and then every two seconds", () =>
  Effect.gen(function* () {
    const { asked } = yield* worldOf((agent) => ({ ...agent, watch: () => Stream.empty }))
    for (const [index, pause] of [100, 200, 400, 800, 1600, 2000, 2000].entries()) {
      const next = (yield* Clock.currentTimeMillis) + pause
      yield* until(TestClock.sleeps(), (sleeps) => Chunk.contains(sleeps, next))
      yield* TestClock.adjust(pause)
      yield* until(asked, ({ whole }) => whole === index + 2)
    }
  })
)
