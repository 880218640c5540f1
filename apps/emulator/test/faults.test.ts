/** Every kind of fault, injected through the agent of a running emulator, as a VMM on the socket or a caller of the agent meets it. */
import { assert, it } from "@effect/vitest"
import type { FaultKind } from "@stopcopy/agent"
import { type AgentClient, makeClient as makeAgent } from "@stopcopy/agent/client"
import { Addresses } from "@stopcopy/agent"
import { MigrationStates } from "@stopcopy/vfio"
import { makeClient, withTimeout } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Either, Fiber, Schema } from "effect"
import { Guest } from "./support/Guest.ts"
import { place, program, type Emulator, socketOf } from "./support/program.ts"

const emulator = program()
const go = MigrationStates.toNumber

/** The agent of a running emulator. */
const agentOf = ({ agent }: Emulator) =>
  makeAgent({ address: Either.getOrThrow(Addresses.parse(agent)), timeout: "10 seconds" })

const world = Effect.gen(function* () {
  const here = yield* place
  const running = yield* emulator.serve(["--pf", "a=4xxx:2", "--drain-seconds", "0.1", ...here.args])
  const agent = yield* agentOf(running)
  const connect = (vf: number) => makeClient((accept) => Transport.messages.connect(socketOf(here, "a", vf), accept))
  return { here, running, agent, connect }
})

const inject = (agent: AgentClient, kind: FaultKind, message: string | null, nth = 1) =>
  agent.inject({ kind, target: { device: "a/vf0", message }, nth, count: 1 })

const now = Effect.sync(() => performance.now())

it.scopedLive(
  "messages are refused, delayed, dropped, or done without an answer; the others of their kind are not",
  () =>
    Effect.gen(function* () {
      const { agent, connect } = yield* world
      const [client, other] = [yield* connect(0), yield* connect(1)]
      yield* inject(agent, { _tag: "Fail", errno: 16 }, "REGION_WRITE", 2)
      yield* client.writeWord(0, 0x1040, 4, 0x100)
      yield* other.writeWord(0, 0x1040, 4, 0x100)
      assert.strictEqual((yield* Effect.flip(client.writeWord(0, 0x1040, 4, 0x200)))._tag, "EBUSY")
      yield* client.writeWord(0, 0x1044, 4, 0x300)
      assert.strictEqual(yield* client.readWord(0, 0x1040, 4), 0x100)

      yield* inject(agent, { _tag: "Delay", millis: 150 }, "REGION_READ")
      const before = yield* now
      yield* client.readWord(0, 0x1040, 4)
      assert.isAtLeast((yield* now) - before, 149)

      yield* inject(agent, { _tag: "Drop" }, "REGION_WRITE")
      const dropped = yield* Effect.flip(withTimeout(1000)(client.writeWord(0, 0x1040, 4, 0x400)))
      assert.strictEqual(dropped._tag, "CallTimedOut")
      assert.strictEqual(yield* client.readWord(0, 0x1040, 4), 0x100)

      yield* inject(agent, { _tag: "LoseAnswer" }, "REGION_WRITE")
      const lost = yield* Effect.flip(withTimeout(1000)(client.writeWord(0, 0x1040, 4, 0x500)))
      assert.strictEqual(lost._tag, "CallTimedOut")
      assert.strictEqual(yield* client.readWord(0, 0x1040, 4), 0x500)
      const faults = yield* agent.listFaults
      assert.deepStrictEqual(
        faults.map(({ hits, kind }) => [kind._tag, hits]),
        [
          ["Fail", 1],
          ["Delay", 1],
          ["Drop", 1],
          ["LoseAnswer", 1]
        ]
      )
      assert.lengthOf(yield* agent.clearFaults({ ids: null }), 4)
      assert.lengthOf(yield* agent.listFaults, 0)
    }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("a drain hangs until the fault is cleared, or until the driver gives up", () =>
  Effect.gen(function* () {
    const { agent, connect } = yield* world
    const client = yield* connect(0)
    const { id } = yield* inject(agent, { _tag: "HangDrain" }, "Drain")
    const walk = yield* Effect.fork(withTimeout(20_000)(client.setMigrationState(go("STOP"))))
    yield* Effect.repeat(agent.listFaults, { until: ([fault]) => fault?.hits === 1 })
    assert.strictEqual((yield* agent.getState({ device: "a/vf0" })).state, "RUNNING")
    yield* agent.clearFaults({ ids: [id] })
    yield* Fiber.join(walk)
    assert.strictEqual((yield* agent.getState({ device: "a/vf0" })).state, "STOP")

    yield* client.setMigrationState(go("RUNNING"))
    yield* inject(agent, { _tag: "HangDrain" }, null)
    const late = yield* Effect.flip(withTimeout(20_000)(client.setMigrationState(go("STOP"))))
    assert.strictEqual(late._tag, "ETIMEDOUT")
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("calls of an agent that get lost end with their callers, and hold nothing up", () =>
  Effect.gen(function* () {
    const { agent, running } = yield* world
    const address = Either.getOrThrow(Addresses.parse(running.agent))
    const hasty = yield* makeAgent({ address, timeout: "300 millis" })
    const call = { device: "a/vf0", epoch: 0 }
    const lose = (kind: FaultKind) =>
      Effect.zipRight(inject(agent, kind, "SetState"), Effect.flip(hasty.setState({ ...call, to: "STOP" })))
    assert.strictEqual((yield* lose({ _tag: "Drop" }))._tag, "CallTimedOut")
    assert.strictEqual((yield* agent.setState({ ...call, to: "RUNNING" })).state, "RUNNING")
    assert.strictEqual((yield* lose({ _tag: "LoseAnswer" }))._tag, "CallTimedOut")
    assert.strictEqual((yield* agent.getState({ device: "a/vf0" })).state, "STOP")
    yield* inject(agent, { _tag: "Drop" }, "Reset")
    assert.strictEqual((yield* Effect.flip(hasty.reset(call)))._tag, "CallTimedOut")
    assert.strictEqual((yield* agent.getState({ device: "a/vf0" })).state, "STOP")
    assert.strictEqual((yield* agent.reset(call)).state, "RUNNING")
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("a block is corrupted on its way out, at the byte that is named", () =>
  Effect.gen(function* () {
    const { agent, connect } = yield* world
    const client = yield* connect(0)
    const save = Effect.gen(function* () {
      yield* client.setMigrationState(go("STOP_COPY"))
      const parts: Array<Uint8Array> = []
      for (let part = yield* client.readMigrationData(1000); part.length > 0;) {
        parts.push(part)
        part = yield* client.readMigrationData(1000)
      }
      yield* client.setMigrationState(go("RUNNING"))
      return Buffer.concat(parts)
    })
    const plain = yield* save
    yield* inject(agent, { _tag: "CorruptBlock", offset: 1234, mask: 0x81 }, null)
    const bad = yield* save
    const differing = [...plain.keys()].filter((at) => plain[at] !== bad[at])
    assert.deepStrictEqual([differing, (plain[1234] ?? 0) ^ (bad[1234] ?? 0)], [[1234], 0x81])
    assert.deepStrictEqual(yield* save, plain)
  }).pipe(Effect.timeout("40 seconds"))
)

/** VM2PF and PF2VM; COMPAT_VER_REQ of a VF of version 4. */
const [toPf, fromPf, versionRequest] = [0x100c, 0x1008, 0x41b]

it.scopedLive("the PF does not answer one message of the mailbox, and answers the next", () =>
  Effect.gen(function* () {
    const { agent, connect } = yield* world
    const client = yield* connect(0)
    yield* inject(agent, { _tag: "LoseMailboxAnswer" }, "Mailbox")
    yield* client.writeWord(2, toPf, 4, versionRequest)
    assert.strictEqual(yield* client.readWord(2, fromPf, 4), 0)
    yield* client.writeWord(2, toPf, 4, versionRequest)
    assert.notStrictEqual(yield* client.readWord(2, fromPf, 4), 0)
    assert.strictEqual((yield* client.readWord(2, toPf, 4)) & 1, 0)
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("a PF restarts at once or with a message, and its VFs are as they come up", () =>
  Effect.gen(function* () {
    const { agent, connect } = yield* world
    const [client, other] = [yield* connect(0), yield* connect(1)]
    const zeroed = (of: typeof client) => Effect.repeat(of.readWord(0, 0x1040, 4), { until: (value) => value === 0 })
    yield* client.writeWord(0, 0x1040, 4, 0x100)
    yield* inject(agent, { _tag: "ResetPf" }, null)
    yield* zeroed(client)
    yield* other.writeWord(0, 0x1040, 4, 0x100)
    yield* inject(agent, { _tag: "ResetPf" }, "REGION_READ")
    yield* client.readWord(0, 0x1040, 4)
    yield* zeroed(other)
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("the process aborts with a message, and the next finds the device", () =>
  Effect.gen(function* () {
    const { agent, connect, here, running } = yield* world
    const client = yield* connect(0)
    yield* client.writeWord(0, 0x1040, 4, 0x700)
    yield* inject(agent, { _tag: "AbortProcess" }, "REGION_WRITE", 2)
    yield* client.writeWord(0, 0x1044, 4, 0x100)
    assert.strictEqual((yield* Effect.flip(client.writeWord(0, 0x1044, 4, 0x200)))._tag, "Disconnected")
    assert.strictEqual((yield* Effect.promise(() => running.ended)).signal, "SIGKILL")
    yield* emulator.serve(here.args)
    const again = yield* connect(0)
    assert.deepStrictEqual([yield* again.readWord(0, 0x1040, 4), yield* again.readWord(0, 0x1044, 4)], [0x700, 0x100])
  }).pipe(Effect.timeout("40 seconds"))
)

it.scopedLive("calls of the agent meet faults of their own; the socket's do not see them", () =>
  Effect.gen(function* () {
    const { agent, connect } = yield* world
    const client = yield* connect(0)
    yield* inject(agent, { _tag: "Fail", errno: 5 }, "SetState")
    yield* client.setMigrationState(go("STOP"))
    const refused = yield* Effect.flip(agent.setState({ device: "a/vf0", epoch: 0, to: "RUNNING" }))
    assert.strictEqual(refused._tag, "EIO")
    yield* agent.setState({ device: "a/vf0", epoch: 0, to: "RUNNING" })
    const wrong = yield* Effect.flip(inject(agent, { _tag: "HangDrain" }, "REGION_READ"))
    assert.include(wrong.message, "REGION_READ cannot meet HangDrain; Drain can")
    const unknown = yield* Effect.flip(inject(agent, { _tag: "Drop" }, "DANCE"))
    assert.include(unknown.message, "there is no message DANCE")
  }).pipe(Effect.timeout("40 seconds"))
)

const Line = Schema.parseJson(Schema.Struct({ id: Schema.Int, hits: Schema.Int, nth: Schema.Int }))

it.scopedLive("the command line injects, lists and clears", () =>
  Effect.gen(function* () {
    const { here, running } = yield* world
    const to = ["--agent", running.agent.slice("http://".length)]
    const fault = (...args: ReadonlyArray<string>) => emulator.run(["fault", ...args, ...to])
    const fail = ["inject", "fail", "--errno", "EBUSY", "--message", "REGION_READ", "--device", "a/vf0"]
    const injected = yield* fault(...fail, "--nth", "3", "--json")
    assert.strictEqual(injected.code, 0, injected.stderr)
    assert.deepInclude(yield* Schema.decode(Line)(injected.stdout), { id: 1, hits: 0, nth: 3 })
    assert.strictEqual((yield* fault("inject", "hang-drain")).code, 0)
    const listed = yield* fault("list")
    assert.deepStrictEqual(listed.stdout.trim().split("\n"), [
      "1  Fail with errno 16  a/vf0, REGION_READ  from the 3. on, 1 times  seen 0, met 0",
      "2  HangDrain  every device, whatever meets it  from the 1. on, 1 times  seen 0, met 0"
    ])
    assert.strictEqual((yield* fault("clear", "--id", "1")).code, 0)
    assert.include((yield* fault("list", "--json")).stdout, '"id":2')
    const nobody = yield* emulator.run(["fault", "inject", "drop", "--device", "a/vf9", ...to])
    assert.deepStrictEqual([nobody.code, nobody.stderr.includes("no device a/vf9 here")], [1, true])
    yield* running.kill("SIGKILL")
    const gone = yield* fault("list")
    assert.strictEqual(gone.code, 1)
    assert.include(gone.stderr, "stopcopy-emulator: ")
    // A device that aborts on demand is there again with the next process.
    const next = yield* emulator.serve(here.args)
    const abort = yield* emulator.run(["fault", "inject", "abort-process", "--agent", next.agent])
    assert.strictEqual(abort.code, 0, abort.stderr)
    assert.strictEqual((yield* Effect.promise(() => next.ended)).signal, "SIGKILL")
  }).pipe(Effect.timeout("50 seconds"))
)

it.scopedLive("a guest at work does not notice faults that others meet", () =>
  Effect.gen(function* () {
    const { agent, here } = yield* world
    const guest = new Guest()
    yield* guest.connect(socketOf(here, "a", 1))
    yield* guest.setup
    yield* inject(agent, { _tag: "Drop" }, "REGION_WRITE")
    yield* guest.work(40)
    guest.settled()
  }).pipe(Effect.timeout("40 seconds"))
)
