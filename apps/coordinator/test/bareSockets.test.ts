/**
 * Devices of somebody else, behind sockets that know nothing but the protocol, moved by a real coordinator: there, cancelled, refused, and back when the
 * destination has made something else of the state.
 */
import { assert, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { makeClient } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { bareSocket, type DrivenOptions, serveAgent } from "@stopcopy/vmm/agent"
import { makeHost } from "@stopcopy/vmm/node"
import { ForeignDevice, type ForeignOptions, serveDevice } from "@stopcopy/vmm/testing"
import { Deferred, Effect, Layer, Logger, LogLevel } from "effect"
import { join } from "node:path"
import { folder, hasEnded, startCoordinator, starting, until } from "./support/world.ts"

const quiet = Logger.minimumLogLevel(LogLevel.None)

interface Bare {
  readonly devices?: number
  readonly device?: ForeignOptions
  readonly driven?: Partial<DrivenOptions>
}

/** A host whose agent stands alone: it has one connection to each socket. */
const bareHost = (name: string, { device: options = {}, devices: count = 1, driven = {} }: Bare = {}) =>
  Effect.gen(function* () {
    const [at, host] = [yield* folder, yield* makeHost({ messagesOnly: true })]
    const journal = yield* Layer.build(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory))
    const made = Array.from({ length: count }, (_, number) => ({
      device: new ForeignDevice(options),
      name: `nic${number}`,
      path: join(at, `nic${number}.sock`)
    }))
    const devices = yield* Effect.forEach(made, ({ device, name: called, path }) =>
      Effect.gen(function* () {
        yield* serveDevice(host, device, path, { extensions: false })
        const access = yield* bareSocket(called, (accept) => Transport.messages.connect(path, accept))
        return { name: called, access, socketPath: path, ...driven }
      })
    )
    const serving = serveAgent({
      name,
      program: "test",
      devices,
      address: { _tag: "Unix", path: join(at, "agent.sock") },
      grace: 100
    })
    const address = yield* Effect.provide(serving, journal)
    return { address: Addresses.format(address), name, devices: made }
  })

/** The source has a guest's state, the destination is free. */
const pairOf = (alpha: Bare = {}, beta: Bare = alpha) =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const policy = yield* one.client.policy.get()
    yield* one.client.policy.put({ payload: { ...policy, retry: { ...policy.retry, attempts: 1 } } })
    const hosts = [
      yield* bareHost("alpha", alpha),
      yield* bareHost("beta", { ...beta, driven: { ...beta.driven, free: true } })
    ] as const
    for (const { address, name } of hosts) yield* one.client.hosts.register({ payload: { name, address } })
    const deviceOf = (side: 0 | 1) => hosts[side].devices[0]?.device ?? new ForeignDevice()
    return { one, hosts, source: deviceOf(0), destination: deviceOf(1) }
  })

const devices = ["nic0"] as const

it.scopedLive("a device with nothing but STOP_COPY moves, and the preflight tells what nobody can check", () =>
  Effect.gen(function* () {
    const { destination, one, source } = yield* pairOf()
    source.state.set([1, 2, 3, 4])
    const found = yield* one.client.preflight.check({ payload: { from: "alpha", devices } })
    assert.deepStrictEqual([found.fits, found.blockers], [true, []])
    const said = new Set(found.unchecked?.map(({ code, where }) => `${where.split(" ")[0] ?? ""} ${code}`))
    for (const side of ["source", "destination"]) {
      for (const code of ["capabilities", "compat", "digest", "size", "connection", "p2p", "pre_copy"]) {
        assert.isTrue(said.has(`${side} ${code}`), `${side} ${code}`)
      }
    }
    const before = source.state.slice()
    const { id } = yield* one.client.migrations.start(starting("a bare socket", { devices }))
    const ended = yield* until(one, id, hasEnded)
    assert.deepStrictEqual(ended.verdict, { outcome: "completed", guest: "destination", reason: "" })
    assert.strictEqual(ended.bytes, before.length)
    assert.deepStrictEqual(destination.state, before)
    assert.deepStrictEqual([source.now, destination.now], ["STOP", "RUNNING"])
    assert.notInclude(source.history.slice(source.history.indexOf("STOP_COPY")), "RESUMING")
    assert.deepStrictEqual(destination.history.slice(-4), ["STOP", "RESUMING", "STOP", "RUNNING"])
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive("a cancel while its state is carried leaves it at the source, as it was", () =>
  Effect.gen(function* () {
    const begun = yield* Deferred.make<void>()
    const cancelled = yield* Deferred.make<void>()
    const slow = Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(cancelled))
    const { destination, one, source } = yield* pairOf({}, { device: { slow } })
    const before = source.state.slice()
    const { id } = yield* one.client.migrations.start(starting("one that is cancelled", { devices }))
    yield* Deferred.await(begun)
    yield* one.client.migrations.cancel({ path: { id }, payload: { reason: "not now" } })
    yield* Deferred.succeed(cancelled, undefined)
    const { verdict } = yield* until(one, id, hasEnded)
    assert.deepInclude(verdict, { outcome: "cancelled", guest: "source" })
    assert.deepStrictEqual([source.now, destination.now], ["RUNNING", "STOP"])
    assert.deepStrictEqual(source.state, before)
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive("a group of several without P2P is refused before anything is touched", () =>
  Effect.gen(function* () {
    const { one, source } = yield* pairOf({ devices: 2 })
    const both = { from: "alpha", devices: ["nic0", "nic1"] } as const
    const found = yield* one.client.preflight.check({ payload: both })
    assert.deepStrictEqual(
      [found.fits, ...found.blockers.map(({ code, where }) => `${code} ${where}`)],
      [false, "fleet.move.flags alpha:nic0", "fleet.move.flags alpha:nic1"]
    )
    const refused = yield* Effect.flip(one.client.migrations.start(starting("a group without P2P", both)))
    assert.match(refused.message, /P2P/)
    assert.deepStrictEqual(source.history, ["RUNNING"])
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive("a device whose server has another client is not moved, and it is said why", () =>
  Effect.gen(function* () {
    const one = yield* startCoordinator()
    const [at, host] = [yield* folder, yield* makeHost({ messagesOnly: true })]
    const device = new ForeignDevice()
    const path = join(at, "nic0.sock")
    yield* serveDevice(host, device, path, { extensions: false, maxWaitingClients: 0 })
    yield* makeClient((accept) => Transport.messages.connect(path, accept))
    const access = yield* bareSocket("nic0", (accept) => Transport.messages.connect(path, accept))
    const serving = serveAgent({
      name: "alpha",
      program: "test",
      address: { _tag: "Unix", path: join(at, "agent.sock") },
      devices: [{ name: "nic0", access, socketPath: path }]
    })
    const failed = yield* Effect.flip(
      Effect.provide(serving, Layer.provideMerge(ActorSystem.layer, Journal.layerMemory))
    )
    assert.match(failed.message, /nic0.*another client has the device/)
    assert.isDefined(one.url)
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive(
  "a destination that loads something else is found out when its state is read back, and the source runs on",
  () =>
    Effect.gen(function* () {
      const spoils = 70_000
      const driven = { verify: "loaded" } as const
      const { destination, one, source } = yield* pairOf({ driven }, { driven, device: { spoils } })
      const found = yield* one.client.preflight.check({ payload: { from: "alpha", devices } })
      assert.isFalse(found.unchecked?.some(({ code }) => code === "digest"))
      const before = source.state.slice()
      const { id } = yield* one.client.migrations.start(starting("a spoilt one", { devices }))
      const { verdict } = yield* until(one, id, hasEnded)
      assert.deepInclude(verdict, { outcome: "failed", guest: "source" })
      assert.match(verdict?.reason ?? "", /PIECES\.0x10000/)
      assert.deepStrictEqual([source.now, destination.now], ["RUNNING", "STOP"])
      assert.deepStrictEqual(source.state, before)
    }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive(
  "a destination that takes no more holds the source back: one chunk is under way, however much there is",
  () =>
    Effect.gen(function* () {
      const [chunk, stateBytes, stuckAt] = [64 * 1024, 2 << 20, 10]
      const [stuck, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const moved = { given: 0, taken: 0, most: 0, pieces: 0 }
      const onData = (kind: "given" | "taken", bytes: number): void => {
        moved[kind] += bytes
        moved.most = Math.max(moved.most, moved.given - moved.taken)
      }
      const slow = Effect.suspend(() => {
        moved.pieces++
        return moved.pieces === stuckAt
          ? Effect.zipRight(Deferred.succeed(stuck, undefined), Deferred.await(goOn))
          : Effect.void
      })
      const { destination, one, source } = yield* pairOf(
        { device: { stateBytes, onData } },
        { device: { stateBytes, onData, slow } }
      )
      const before = source.state.slice()
      const { id } = yield* one.client.migrations.start(starting("a slow destination", { devices }))
      yield* Deferred.await(stuck)
      assert.deepStrictEqual([moved.given, moved.taken], [stuckAt * chunk, (stuckAt - 1) * chunk])
      yield* Deferred.succeed(goOn, undefined)
      const { bytes, verdict } = yield* until(one, id, hasEnded)
      assert.deepInclude(verdict, { outcome: "completed" })
      assert.deepStrictEqual([bytes, moved.given, moved.taken, moved.most], [stateBytes, stateBytes, stateBytes, chunk])
      assert.isTrue(Buffer.from(destination.state).equals(before))
    }).pipe(Effect.provide(quiet), Effect.timeout("50 seconds"))
)
