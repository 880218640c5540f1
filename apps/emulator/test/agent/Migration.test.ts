/** The emulator behind the agent's contract: what it describes, a whole migration between two emulators, epochs that survive a kill, changes. */
import { assert, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { makeClient as makeAgent } from "@stopcopy/agent/client"
import { Bundle } from "@stopcopy/debugger"
import { PfvfMessage, Registers } from "@stopcopy/qat"
import { MigrationStates } from "@stopcopy/vfio"
import { makeClient } from "@stopcopy/vfio-user"
import { Transport } from "@stopcopy/vfio-user/transport"
import { Chunk, Effect, Either, Fiber, Option, Stream } from "effect"
import { Guest } from "../support/Guest.ts"
import { type Place, place, program, type Emulator, socketOf } from "../support/program.ts"

const emulator = program()
const device = "a/vf0"
/** Where a VF has the word that goes to its PF, in its BAR 2. */
const vm2pf = Registers.miscRegisters[Registers.miscIndex.VM2PF].vfOffset
const running = MigrationStates.toNumber("RUNNING")

const agentOf = ({ agent }: Emulator) =>
  makeAgent({ address: Either.getOrThrow(Addresses.parse(agent)), timeout: "10 seconds" })
const vmmOf = (here: Place) => makeClient((accept) => Transport.messages.connect(socketOf(here, "a", 0), accept))

const host = (pf = "a=4xxx:1") =>
  Effect.gen(function* () {
    const here = yield* place
    const running = yield* emulator.serve(["--pf", pf, "--drain-seconds", "0.1", ...here.args])
    return { here, running, agent: yield* agentOf(running) }
  })

it.scopedLive("describes PFs and VFs with all that a preflight needs", () =>
  Effect.gen(function* () {
    const { agent, here } = yield* host("a=402xx:2,services=sym")
    const { pfs, program: name } = yield* agent.describe
    assert.strictEqual(name, "stopcopy-emulator 0.1.0")
    assert.deepInclude(pfs[0], { name: "a", deviceId: 0x4944, deviceKind: "402xx" })
    assert.deepInclude(pfs[0]?.capabilities, { svcmap: 0x6db, rateLimiting: true, slas: [] })
    assert.deepInclude(pfs[0]?.vfs[1], {
      name: "a/vf1",
      vfNumber: 1,
      socketPath: socketOf(here, "a", 1),
      deviceType: "qat-gen4",
      deviceId: 0x4945,
      mode: "safe",
      migrationFlags: 7,
      state: "RUNNING",
      lifecycle: "open",
      attached: false,
      epoch: 0,
      standing: "held"
    })
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("tells the mailbox versions that a preflight compares: the PF's, and what the guest has announced", () =>
  Effect.gen(function* () {
    const { agent, here } = yield* host("a=4xxx:2")
    const described = Effect.map(agent.describeOnly([device]), ({ pfs: [pf] }) => ({
      names: pf?.vfs.map(({ name }) => name),
      offered: pf?.capabilities.compatVersion,
      announced: pf?.vfs[0]?.compatVersion
    }))
    const offered = PfvfMessage.compatVersion
    assert.deepStrictEqual(yield* described, { names: [device], offered, announced: 0 })
    const watching = yield* agent.watch({ devices: [device] }).pipe(
      Stream.filter(({ compatVersion }) => compatVersion === offered + 1),
      Stream.runHead,
      Effect.fork
    )
    const vmm = yield* vmmOf(here)
    yield* vmm.writeWord(2, vm2pf, 4, PfvfMessage.message(PfvfMessage.toPf.COMPAT_VER_REQ, offered + 1))
    assert.isTrue(Option.isSome(yield* Fiber.join(watching)))
    assert.deepStrictEqual(yield* described, { names: [device], offered, announced: offered + 1 })
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("hands out what it recorded for a migration, without what is to be left out, and nothing of others", () =>
  Effect.gen(function* () {
    const { agent } = yield* host()
    yield* agent.setState({ device, migration: "m1", epoch: 0, to: "PRE_COPY" })
    yield* agent.setState({ device, migration: "m1", epoch: 0, to: "RUNNING" })
    yield* agent.setState({ device, migration: "m2", epoch: 0, to: "STOP" })
    const asked = { migration: "m1", redact: ["bytes", "block"], limit: 1 << 20 }
    const pieces = yield* Stream.runCollect(agent.exported(asked))
    const bytes = new Uint8Array(Buffer.concat([...Chunk.toReadonlyArray(pieces)]))
    const { header, journals } = yield* Bundle.open("the export", bytes)
    assert.deepStrictEqual([header.correlation, header.redacted, journals.length], ["m1", ["bytes", "block"], 1])
    const [opened] = journals
    const events = opened === undefined ? [] : [...(yield* Stream.runCollect(opened.source.journal.events(0)))]
    assert.deepStrictEqual([...new Set(events.map(({ correlation }) => correlation))], ["m1"])
    const saved = events.find(({ type }) => type === "SetupSaved")
    assert.deepStrictEqual([saved?.stream, saved?.payload], ["vf/a/vf0", null])
    assert.isTrue(opened !== undefined && Either.isRight(opened.checkLinks()))
    const none = yield* Effect.flip(Stream.runDrain(agent.exported({ ...asked, migration: "m3" })))
    assert.match(none.message, /^nothing is exported: .+ recorded nothing for migration m3$/)
    const misspelt = yield* Effect.flip(Stream.runDrain(agent.exported({ ...asked, redact: ["a..b"] })))
    assert.match(misspelt.message, /'a\.\.b' names no field to redact/)
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("a guest's device goes from one emulator to another, and the first stands still ever after", () =>
  Effect.gen(function* () {
    const [source, destination] = [yield* host(), yield* host()]
    const guest = new Guest()
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* guest.connect(socketOf(source.here, "a", 0))
        yield* guest.setup
        yield* guest.work(50)
      })
    )
    const of = { device, migration: "m1", epoch: 0 }
    const saving = yield* source.agent.setState({ ...of, to: "STOP_COPY" })
    const start = Effect.flatMap(vmmOf(source.here), (vmm) => Effect.flip(vmm.setMigrationState(running)))
    assert.strictEqual((yield* Effect.scoped(start))._tag, "EBUSY", "its VMM does not start what is on its way")
    const resuming = yield* destination.agent.setState({ ...of, to: "RESUMING" })
    const chunks = source.agent.saved({ ...of, session: saving.session?.token ?? "", offset: 0 })
    yield* Stream.runForEach(chunks, ({ bytes, offset }) =>
      destination.agent.load({ ...of, session: resuming.session?.token ?? "", offset, bytes })
    )
    yield* destination.agent.setState({ ...of, to: "STOP" })
    yield* source.agent.setState({ ...of, to: "STOP" })
    const [there, here] = [
      yield* destination.agent.digest({ device, view: true }),
      yield* source.agent.digest({ device, view: true })
    ]
    assert.deepStrictEqual([there.view, there.digests], [here.view, here.digests])
    const next = { ...of, epoch: 1 }
    yield* destination.agent.grant({ ...next, digest: here.digests.whole })
    yield* source.agent.fence(next)
    yield* destination.agent.adopt(next)
    yield* destination.agent.setState({ ...next, to: "RUNNING" })
    yield* guest.connect(socketOf(destination.here, "a", 0))
    yield* guest.work(120)
    guest.settled()

    // Neither its VMM nor a kill brings the source back.
    yield* source.running.kill("SIGKILL")
    const again = yield* emulator.serve(source.here.args)
    const fenced = yield* agentOf(again)
    assert.deepInclude(yield* fenced.getState({ device }), { state: "STOP", epoch: 1, standing: "fenced" })
    const vmm = yield* vmmOf(source.here)
    const refused = yield* Effect.flip(vmm.setMigrationState(running))
    assert.strictEqual(refused._tag, "EPERM")
    yield* vmm.reset
    assert.strictEqual((yield* fenced.getState({ device })).state, "STOP")
    // A function level reset by config space.
    yield* vmm.writeWord(7, 0x58, 2, 0x8000)
    yield* Effect.repeat(fenced.getState({ device }), { until: ({ state }) => state === "STOP" })
    const stale = yield* Effect.flip(fenced.setState({ ...of, to: "RUNNING" }))
    assert.strictEqual(stale._tag, "StaleEpoch")
  }).pipe(Effect.timeout("50 seconds"))
)

it.scopedLive("a device that an agent has stopped to save it is not its VMM's after a kill either", () =>
  Effect.gen(function* () {
    const { agent, here, running: first } = yield* host()
    const of = { device, migration: "m1", epoch: 0 }
    yield* agent.setState({ ...of, to: "STOP_COPY" })
    yield* first.kill("SIGKILL")
    const after = yield* agentOf(yield* emulator.serve(here.args))
    const vmm = yield* vmmOf(here)
    for (const change of [vmm.setMigrationState(running), vmm.reset]) {
      assert.strictEqual((yield* Effect.flip(change))._tag, "EBUSY")
    }
    assert.strictEqual((yield* after.getState({ device })).state, "STOP_COPY")
    yield* after.setState({ ...of, to: "RUNNING" })
    yield* vmm.reset
  })
)

it.scopedLive("a device that an agent was about to stop, and did not, is its VMM's after the end of the process", () =>
  Effect.gen(function* () {
    const { agent, here, running: first } = yield* host()
    yield* agent.inject({ kind: { _tag: "AbortProcess" }, target: { device, message: "SetState" }, nth: 1, count: 1 })
    yield* Effect.flip(agent.setState({ device, migration: "m1", epoch: 0, to: "STOP_COPY" }))
    assert.strictEqual((yield* Effect.promise(() => first.ended)).signal, "SIGKILL")
    yield* emulator.serve(here.args)
    const vmm = yield* vmmOf(here)
    yield* vmm.reset
  })
)

it.scopedLive("whoever watches is told of states, standings and guests", () =>
  Effect.gen(function* () {
    const { agent, here } = yield* host()
    const watching = yield* agent.watch({ devices: [] }).pipe(Stream.take(6), Stream.runCollect, Effect.fork)
    const seen = yield* agent.watch({ devices: [device] }).pipe(Stream.take(1), Stream.runCollect)
    assert.deepInclude(Chunk.unsafeGet(seen, 0), { name: device, state: "RUNNING", attached: false })
    yield* Effect.scoped(vmmOf(here))
    // Changes come in any pace: each is the whole of it.
    const far = Effect.gen(function* () {
      yield* agent.setState({ device, epoch: 0, to: "STOP" })
      yield* agent.setState({ device, epoch: 0, to: "RUNNING" })
    })
    yield* Effect.raceFirst(Effect.forever(far), Fiber.await(watching))
    const states = Chunk.toReadonlyArray(yield* Fiber.join(watching)).map(({ state }) => state)
    assert.includeMembers([...states], ["RUNNING", "STOP"])
  }).pipe(Effect.timeout("30 seconds"))
)
