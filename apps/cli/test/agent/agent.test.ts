/** `stopcopy agent` over a bare vfio-user socket: what it prints, what it serves, that a fence outlives it, and everything that can be said wrongly. */
import { assert, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { makeClient } from "@stopcopy/agent/client"
import { makeClient as makeVmm } from "@stopcopy/vfio-user"
import { makeHost } from "@stopcopy/vmm/node"
import { ForeignDevice, serveDevice } from "@stopcopy/vmm/testing"
import { Deferred, Effect, Either, Fiber, Logger, LogLevel, Option } from "effect"
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { agent, type AgentOptions } from "../../src/agent/agent.ts"
import { folder } from "../conformance/device.ts"
import { stopcopy } from "../operate/running.ts"

const quiet = Logger.minimumLogLevel(LogLevel.None)

const options = (at: string, more: Partial<AgentOptions> = {}): AgentOptions => ({
  device: [`nic0=${join(at, "nic0.sock")}`],
  host: "alpha",
  journal: join(at, "agent.db"),
  agent: `unix:${join(at, "agent.sock")}`,
  tokenFile: Option.none(),
  tlsCert: Option.none(),
  tlsKey: Option.none(),
  insecure: false,
  ...more
})

/** Runs it while `use` works with it. */
const during = <A, E>(how: AgentOptions, use: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const ready = yield* Deferred.make<void>()
    const running = yield* Effect.fork(agent(how, Effect.asVoid(Deferred.succeed(ready, undefined))))
    yield* Effect.raceFirst(Deferred.await(ready), Fiber.join(running))
    return yield* Effect.ensuring(use, Fiber.interrupt(running))
  })

it.scopedLive("drives a bare device, and one that was fenced stands still after a restart too", () =>
  Effect.gen(function* () {
    const [at, host, device] = [yield* folder, yield* makeHost({ messagesOnly: true }), new ForeignDevice()]
    yield* serveDevice(host, device, join(at, "nic0.sock"), { extensions: false })
    const how = options(at)
    const client = yield* makeClient({ address: Either.getOrThrow(Addresses.parse(how.agent)) })
    yield* during(
      how,
      Effect.gen(function* () {
        const [pf] = (yield* client.describe).pfs
        assert.deepInclude(pf?.vfs[0], {
          name: "nic0",
          deviceType: "pci 1af4:10ff",
          deviceId: 0x10ff,
          migrationFlags: 1,
          state: "RUNNING",
          lifecycle: "open",
          attached: true,
          epoch: 0,
          standing: "held"
        })
        yield* client.fence({ device: "nic0", epoch: 4 })
        assert.strictEqual(device.now, "STOP")
      })
    )
    // Its server is told to run by somebody else meanwhile: the next agent stops it before it serves anything.
    yield* device.setState(2)
    yield* during(
      how,
      Effect.gen(function* () {
        assert.deepInclude(yield* client.getState({ device: "nic0" }), { state: "STOP", epoch: 4, standing: "fenced" })
        const refused = yield* Effect.flip(client.setState({ device: "nic0", epoch: 4, to: "RUNNING" }))
        assert.strictEqual(refused._tag, "EpochConflict")
      })
    )
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive("a device that stood still when the agent ended is not run by the next one before a reset", () =>
  Effect.gen(function* () {
    const [at, host] = [yield* folder, yield* makeHost({ messagesOnly: true })]
    yield* serveDevice(host, new ForeignDevice(), join(at, "nic0.sock"), { extensions: false })
    const how = options(at)
    const client = yield* makeClient({ address: Either.getOrThrow(Addresses.parse(how.agent)) })
    const nic = { device: "nic0", epoch: 0 }
    yield* during(how, client.setState({ ...nic, to: "STOP_COPY" }))
    yield* during(
      how,
      Effect.gen(function* () {
        const refused = yield* Effect.flip(client.setState({ ...nic, to: "RUNNING" }))
        assert.deepInclude("refusal" in refused ? refused.refusal : {}, { code: "vmm.agent.lost", where: "nic0" })
        yield* client.reset(nic)
        assert.strictEqual((yield* client.setState({ ...nic, to: "RUNNING" })).state, "RUNNING")
      })
    )
    // Its server is known to keep it: then the state is still there.
    const kept = options(at, { device: [`nic0=${join(at, "nic0.sock")},keeps-state`] })
    yield* during(kept, client.setState({ ...nic, to: "STOP_COPY" }))
    const { state } = yield* during(kept, client.setState({ ...nic, to: "RUNNING" }))
    assert.strictEqual(state, "RUNNING")
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it.scopedLive("everything that is wrong is named at once, and nothing is started", () =>
  Effect.gen(function* () {
    const at = yield* folder
    writeFileSync(join(at, "token"), "two words")
    const failure = (more: Partial<AgentOptions>) =>
      Effect.map(Effect.flip(agent(options(at, more))), ({ message }) => message.split("\n"))
    const found = yield* failure({
      device: [
        "nic0",
        "a=1.sock,fast",
        "b=2.sock",
        "b=3.sock",
        "c=2.sock,free",
        "d=4.sock,guest=",
        "e=5.sock,guest=2.sock"
      ],
      agent: "0.0.0.0:7711",
      tokenFile: Option.some(join(at, "token"))
    })
    for (const [index, pattern] of [
      /^--device nic0: is no device; write NAME=SOCKET/,
      /^--device a=1.sock,fast: 'fast' says nothing of a device; there are guest=PATH, free, keeps-state/,
      /^--device d=4.sock,guest=: guest= takes one path/,
      /^--device b=3.sock: the name is there twice/,
      /^--device c=2.sock: the socket 2.sock is there twice/,
      /^--device e=5.sock,guest=2.sock: guest= 2.sock is there twice/,
      /^--agent-token-file .*: has more than one word/,
      /^nothing was started$/
    ].entries()) {
      assert.match(found[index] ?? "", pattern)
    }
    assert.lengthOf(found, 8)
    assert.match((yield* failure({ device: [] })).join(" "), /^--device: is missing/)
    assert.match(
      (yield* failure({})).join(" "),
      /--device nic0=.*nic0.sock: connect to .*nic0.sock: ENOENT; start its server, or name another socket/
    )
    assert.deepStrictEqual(readdirSync(at), ["token"])
  }).pipe(Effect.provide(quiet))
)

it.scopedLive(
  "a guest's VMM connects beside the agent; a place that cannot be listened on is named, and nothing is made",
  () =>
    Effect.gen(function* () {
      const [at, host] = [yield* folder, yield* makeHost({ messagesOnly: true })]
      const socket = join(at, "nic0.sock")
      yield* serveDevice(host, new ForeignDevice(), socket, { extensions: false })
      const guestAt = (path: string) => options(at, { device: [`nic0=${socket},guest=${path}`] })
      const place = join(at, "nic0.vmm")
      const how = guestAt(place)
      const client = yield* makeClient({ address: Either.getOrThrow(Addresses.parse(how.agent)) })
      const both = Effect.gen(function* () {
        const vmm = yield* makeVmm(host.wire(place).open)
        assert.strictEqual(yield* vmm.readWord(7, 0, 2), 0x1af4)
        yield* client.setState({ device: "nic0", epoch: 0, to: "STOP_COPY" })
        assert.strictEqual((yield* Effect.flip(vmm.reset))._tag, "EBUSY")
        const [pf] = (yield* client.describe).pfs
        assert.deepInclude(pf?.vfs[0], { socketPath: place, attached: true, guest: false })
        yield* client.reset({ device: "nic0", epoch: 0 })
      })
      yield* during(how, Effect.scoped(both))
      assert.isFalse(existsSync(place))
      rmSync(how.journal)
      writeFileSync(join(at, "file"), "")
      const long = join(at, "x".repeat(120))
      for (const [path, what] of [
        [join(at, "file"), /nic0.sock,guest=.*file: .*is there and no socket/],
        [long, /nic0.sock,guest=.*at most 107 bytes/],
        [join(at, "no", "folder"), /nic0.sock,guest=.*: there is no folder .*no: make it, or name another place/]
      ] as const) {
        assert.match((yield* Effect.flip(agent(guestAt(path)))).message, what)
      }
      const taken = { ...options(at), agent: `unix:${join(at, "file")}` }
      assert.match(
        (yield* Effect.flip(agent(taken))).message,
        /cannot serve at .*file: there is a file that is no socket/
      )
      assert.isFalse(existsSync(how.journal))
    }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)

it("misuse of the command line ends with 2", async () => {
  const { code, message } = await stopcopy(["agent", "--device", "nic0", "--journal", "x.db", "--agent", "1"])
  assert.deepStrictEqual(
    [code, message.split("\n")[0]],
    [2, "--device nic0: is no device; write NAME=SOCKET, such as nic0=/run/nic0.sock"]
  )
})
