/** The agent's contract over vfio-user: for a device that a VMM has attached, and what becomes of a device whose connection is lost. */
import { assert, describe, it } from "@effect/vitest"
import { makeClient, type AgentClient } from "@stopcopy/agent/client"
import { Transport } from "@stopcopy/vfio-user/transport"
import { attached, bareSocket, serveAgent } from "@stopcopy/vmm/agent"
import { makeHost } from "@stopcopy/vmm/node"
import { ForeignDevice, type ForeignOptions, serveDevice } from "@stopcopy/vmm/testing"
import { Chunk, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { join } from "node:path"
import { folder, layer, world } from "../support/devices.ts"

const tokenOf = ({ session }: { readonly session: { readonly token: string } | null }) => session?.token ?? ""

/** The agent of one bare device, whose server can be ended and started anew. */
const bare = (options: ForeignOptions = {}, keepsState = false) =>
  Effect.gen(function* () {
    const [at, host, device] = [yield* folder, yield* makeHost({ messagesOnly: true }), new ForeignDevice(options)]
    const path = join(at, "nic.sock")
    const begin = Effect.gen(function* () {
      const life = yield* Scope.make()
      yield* Scope.extend(serveDevice(host, device, path, { extensions: false }), life)
      return Scope.close(life, Exit.void)
    })
    const end = yield* begin
    const access = yield* bareSocket("nic", (accept) => Transport.messages.connect(path, accept))
    const address = yield* serveAgent({
      name: "alpha",
      program: "test",
      address: { _tag: "Unix", path: join(at, "agent.sock") },
      grace: 100,
      devices: [{ name: "nic", access, socketPath: path, keepsState }]
    })
    return { device, agent: yield* makeClient({ address }), restart: Effect.zipRight(end, begin) }
  })

const nic = { device: "nic", epoch: 0 }

/** Everything that the device gives. */
const readAll = (agent: AgentClient, device: string, session: string) =>
  Effect.map(Stream.runCollect(agent.saved({ device, epoch: 0, session, offset: 0 })), (chunks) =>
    Buffer.concat(Chunk.toReadonlyArray(chunks).map(({ bytes }) => bytes))
  )

describe("an attached device", () => {
  it.scopedLive("is driven over the connection of its guest, and moves with what the guest has written", () =>
    Effect.gen(function* () {
      const host = yield* makeHost({ messagesOnly: true })
      const { attachment, source, where } = yield* world(host)
      const address = yield* serveAgent({
        name: "vmm",
        program: "test",
        address: { _tag: "Unix", path: join(where, "agent.sock") },
        grace: 100,
        devices: [{ name: "vf", access: attached("vf", attachment), socketPath: source.path, keepsState: true }]
      })
      const agent = yield* makeClient({ address })
      const [pf] = (yield* agent.describe).pfs
      assert.deepInclude(pf?.vfs[0], { deviceType: "qat-gen4", deviceId: 0x4941, migrationFlags: 7, attached: true })
      assert.deepStrictEqual(
        pf?.vfs[0]?.unknown?.map(({ code }) => code),
        ["capabilities", "compat"]
      )
      const saving = yield* agent.setState({ device: "vf", epoch: 0, to: "STOP_COPY" })
      const block = yield* readAll(agent, "vf", tokenOf(saving))
      assert.isAbove(block.length, 1000)
      const { digests, view } = yield* agent.digest({ device: "vf", view: true })
      assert.include(Object.keys(view ?? {}), "bnk3")
      assert.match(digests.whole, /^[0-9a-f]{64}$/)
      yield* agent.fence({ device: "vf", epoch: 1 })
      assert.strictEqual((yield* source.vf.state).migrationState, "STOP")
      yield* attachment.detach
      const gone = yield* Effect.flip(agent.getState({ device: "vf" }))
      assert.match(gone.message, /vf failed: the device is detached/)
      assert.deepInclude((yield* agent.describe).pfs[0]?.vfs[0], { state: "STOP", lifecycle: "bound", attached: false })
    }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
  )
})

describe("a connection that is lost", () => {
  it.scopedLive("while the device runs is made again; its changes are told", () =>
    Effect.gen(function* () {
      const { agent, device, restart } = yield* bare()
      const told = yield* Effect.fork(Stream.runCollect(Stream.take(agent.watch({ devices: [] }), 2)))
      yield* restart
      // The first call after the loss may still find the connection that is going.
      yield* Effect.retry(agent.setState({ ...nic, to: "STOP_COPY" }), {
        while: ({ _tag }) => _tag === "HostFailed",
        times: 5
      })
      assert.strictEqual(device.now, "STOP_COPY")
      const states = Chunk.toReadonlyArray(yield* Fiber.join(told)).map(({ state }) => state)
      assert.deepStrictEqual(states, ["RUNNING", "STOP_COPY"])
    }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
  )

  for (const [keeps, what] of [
    [false, "stands still until it is reset: nobody knows whether its server has kept the state"],
    [true, "goes on where its server is known to keep the state"]
  ] as const) {
    it.scopedLive(`while the device stood still: it ${what}`, () =>
      Effect.gen(function* () {
        const { agent, device, restart } = yield* bare({}, keeps)
        yield* agent.setState({ ...nic, to: "STOP_COPY" })
        yield* restart
        const stop = agent.setState({ ...nic, to: "STOP" })
        yield* Effect.retry(stop, { while: ({ _tag }) => _tag === "HostFailed", times: 5 })
        const run = yield* Effect.either(agent.setState({ ...nic, to: "RUNNING" }))
        if (keeps) {
          assert.deepStrictEqual([run._tag, device.now], ["Right", "RUNNING"])
          return
        }
        assert.include(run._tag === "Left" ? run.left : {}, { _tag: "EIO" })
        assert.strictEqual(device.now, "STOP")
        const digest = yield* Effect.flip(agent.digest({ device: "nic", view: false }))
        assert.strictEqual(digest._tag, "HostFailed")
        yield* agent.reset(nic)
        assert.strictEqual((yield* agent.setState({ ...nic, to: "RUNNING" })).state, "RUNNING")
      }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
    )
  }
})

it.scopedLive("a state that is read back needs a device without pre-copy, or a known format", () =>
  Effect.gen(function* () {
    const [at, host] = [yield* folder, yield* makeHost({ messagesOnly: true })]
    const path = join(at, "nic.sock")
    yield* serveDevice(host, new ForeignDevice({ flags: 5 }), path, { extensions: false })
    const access = yield* bareSocket("nic", (accept) => Transport.messages.connect(path, accept))
    const address = { _tag: "Unix", path: join(at, "agent.sock") } as const
    const devices = [{ name: "nic", access, socketPath: path, verify: "loaded" as const }]
    const refused = yield* Effect.flip(serveAgent({ name: "alpha", program: "test", address, devices }))
    assert.include(refused, { _tag: "EINVAL" })
    assert.match(refused.message, /read back/)
  }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)
