/** A guest's VMM and an agent on one device whose server has one client: a guest at work that is moved, and everything that may become of the three of them. */
import { assert, it } from "@effect/vitest"
import { guestAt, makeClient, type AgentClient } from "@stopcopy/agent/client"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { makeClient as makeVmm } from "@stopcopy/vfio-user"
import { closeDescriptor } from "@stopcopy/vfio-user/transport"
import { attach, QatDriver } from "@stopcopy/vmm"
import { adapter, attend, serveAgent } from "@stopcopy/vmm/agent"
import { type Host, makeHost, Workload } from "@stopcopy/vmm/node"
import { ForeignDevice, serveDevice } from "@stopcopy/vmm/testing"
import { Chunk, Effect, Exit, Scope, Stream } from "effect"
import { join } from "node:path"
import { arena, folder, guest, layer, serve } from "../support/devices.ts"

/** An agent beside the device on this socket, with a place for a guest. */
const agentBeside = (host: Host, where: string, name: string, socket: string, free = false, keepsState = true) =>
  Effect.gen(function* () {
    const path = join(where, `${name}.vmm`)
    const access = yield* adapter({
      name,
      open: (accept) => host.transport.connect(socket, accept),
      listen: (accept) => host.transport.listen(path, accept),
      closeDescriptor
    })
    const address = yield* serveAgent({
      name,
      program: "test",
      address: { _tag: "Unix", path: join(where, `${name}.agent`) },
      grace: 100,
      devices: [{ name, access, socketPath: path, keepsState, free, guest: guestAt(path) }]
    })
    return { name, guestPath: path, agent: yield* makeClient({ address }) }
  })

/** The same with a device of somebody else. */
const place = (host: Host, where: string, name: string, free: boolean) =>
  Effect.gen(function* () {
    const served = yield* serve(host, where, name)
    return { ...served, ...(yield* agentBeside(host, where, name, served.path, free)) }
  })

interface Place {
  readonly name: string
  readonly guestPath: string
  readonly agent: AgentClient
}

/** Everything that the device gives. */
const readAll = ({ agent, name }: Place, session: string) =>
  Effect.map(Stream.runCollect(agent.saved({ device: name, epoch: 0, session, offset: 0 })), (chunks) =>
    Buffer.concat(Chunk.toReadonlyArray(chunks).map(({ bytes }) => bytes))
  )

const tokenOf = ({ session }: { readonly session: { readonly token: string } | null }) => session?.token ?? ""

/** What a coordinator does. */
const migrate = (from: Place, to: Place, during: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const [here, there] = [from, to].map(({ name }) => ({ device: name, epoch: 0, migration: "m1" }))
    assert.isDefined(here)
    assert.isDefined(there)
    const destination = { host: "beta", device: to.name, socketPath: to.guestPath }
    const resuming = tokenOf(yield* to.agent.setState({ ...there, to: "RESUMING" }))
    yield* from.agent.setState({ ...here, to: "PRE_COPY", destination })
    yield* during
    const saving = tokenOf(yield* from.agent.setState({ ...here, to: "STOP_COPY", destination }))
    yield* to.agent.load({ ...there, session: resuming, offset: 0, bytes: yield* readAll(from, saving) })
    yield* to.agent.setState({ ...there, to: "STOP" })
    const digest = ({ agent, name }: Place) =>
      Effect.map(agent.digest({ device: name, view: false }), ({ digests }) => digests.whole)
    assert.strictEqual(yield* digest(to), yield* digest(from))
    yield* to.agent.grant({ ...there, epoch: 1, digest: yield* digest(from) })
    yield* from.agent.fence({ ...here, epoch: 1, destination })
    yield* to.agent.adopt({ ...there, epoch: 1 })
    yield* to.agent.setState({ ...there, epoch: 1, to: "RUNNING" })
  })

const lanes = [
  { bank: 1, kind: "aes-128-cbc" },
  { bank: 3, kind: "aes-128-gcm", interrupts: true, timer: 0x1ff }
] as const

it.scopedLive("a guest at work moves from one adapter to the other, and the ledger has nothing to say", () =>
  Effect.gen(function* () {
    const [host, where] = [yield* makeHost(), yield* folder]
    const source = yield* place(host, where, "17", false)
    const destination = yield* place(host, where, "18", true)
    const attachment = yield* attach(yield* guest(host), host.wire(source.guestPath))
    assert.strictEqual(attachment.hasInterrupts, host.transport.passesDescriptors)
    const driver = yield* QatDriver.probe(attachment, arena())
    const workload = yield* Workload.make(driver, { seed: 3, lanes })
    const wire = ({ socketPath }: { readonly socketPath: string }) => host.wire(socketPath)
    yield* attend({ processor: workload.processor, attachments: [attachment], wire })
    yield* workload.start
    yield* workload.more(6)
    assert.deepInclude((yield* source.agent.describe).pfs[0]?.vfs[0], { attached: true, guest: true })
    yield* migrate(source, destination, workload.more(6))
    yield* workload.more(6)
    yield* workload.stop
    const { submitted, taken, wrong } = workload.report
    assert.deepStrictEqual([taken, wrong, workload.inFlight], [submitted, 0, 0])
    assert.isAtLeast(taken, 18)
    assert.strictEqual(attachment.name, destination.guestPath)
    const streams = [source.stream, destination.stream]
    assert.deepStrictEqual(Ledger.audit(yield* ledgerOf(streams), workload.accounts), [])
    assert.strictEqual((yield* source.vf.state).migrationState, "STOP")
  }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)

/** A server that can be ended and begun anew, with an agent beside it. */
const foreign = (keepsState: boolean) =>
  Effect.gen(function* () {
    const [host, where, device] = [yield* makeHost({ messagesOnly: true }), yield* folder, new ForeignDevice()]
    const socket = join(where, "nic.sock")
    const begin = Effect.gen(function* () {
      const life = yield* Scope.make()
      yield* Scope.extend(serveDevice(host, device, socket, { extensions: false }), life)
      return Scope.close(life, Exit.void)
    })
    const end = yield* begin
    const beside = yield* agentBeside(host, where, "nic", socket, false, keepsState)
    const vmm = makeVmm((accept) => host.transport.connect(beside.guestPath, accept))
    return { ...beside, begin, device, end, host, vmm, where }
  })

const tagOf = <A, R>(asked: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.flip(asked), ({ _tag }) => _tag)

const nic = { device: "nic", epoch: 0 }

it.scopedLive("while a migration has the device its VMM neither resets it nor leads it anywhere", () =>
  Effect.gen(function* () {
    const { agent, device, vmm } = yield* foreign(true)
    const guest = yield* vmm
    yield* guest.writeWord(0, 0, 4, 0x1234)
    yield* guest.setMigrationState(1)
    yield* guest.setMigrationState(2)
    yield* agent.setState({ ...nic, to: "STOP_COPY" })
    for (const asked of [guest.reset, guest.setMigrationState(2), guest.readMigrationData(100)]) {
      assert.strictEqual(yield* tagOf(asked), "EBUSY")
    }
    assert.strictEqual(yield* guest.readWord(0, 0, 4), 0x1234)
    yield* agent.setState({ ...nic, to: "RUNNING" })
    yield* guest.setMigrationState(1)
    yield* guest.reset
    assert.strictEqual(device.now, "RUNNING")
    yield* agent.fence({ ...nic, epoch: 1 })
    assert.strictEqual(yield* tagOf(guest.reset), "EPERM")
    assert.strictEqual(device.now, "STOP")
  }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)

it.scopedLive("a device that its server has lost is held back from its VMM until somebody has reset it", () =>
  Effect.gen(function* () {
    const { agent, begin, device, end, vmm } = yield* foreign(false)
    yield* agent.setState({ ...nic, to: "STOP_COPY" })
    yield* end
    yield* device.reset
    yield* begin
    assert.strictEqual(yield* tagOf(agent.setState({ ...nic, to: "RUNNING" })), "EIO")
    const guest = yield* vmm
    assert.strictEqual(yield* tagOf(guest.reset), "EBUSY")
    yield* agent.reset(nic)
    yield* guest.reset
  }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)

it.scopedLive("a device that refuses to stop is its guest's again", () =>
  Effect.gen(function* () {
    const { agent, device, end, begin, vmm } = yield* foreign(false)
    assert.strictEqual(yield* tagOf(agent.setState({ ...nic, to: "PRE_COPY_P2P" })), "EINVAL")
    assert.strictEqual(device.now, "RUNNING")
    const guest = yield* vmm
    yield* guest.reset
    yield* end
    yield* guest.ended
    yield* begin
    yield* agent.setState({ ...nic, to: "STOP_COPY" })
  }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)

for (const state of ["PRE_COPY", "STOP_COPY"] as const)
  it.scopedLive(`the next agent knows that a migration has the device in ${state}, and its VMM waits for it`, () =>
    Effect.gen(function* () {
      const [host, where, device] = [
        yield* makeHost({ messagesOnly: true }),
        yield* folder,
        new ForeignDevice({ flags: 5 })
      ]
      const socket = join(where, "nic.sock")
      yield* serveDevice(host, device, socket, { extensions: false })
      const life = yield* Scope.make()
      const first = yield* Scope.extend(agentBeside(host, where, "nic", socket), life)
      yield* first.agent.setState({ ...nic, to: state })
      yield* Scope.close(life, Exit.void)
      const { agent, guestPath } = yield* agentBeside(host, where, "nic", socket)
      const guest = yield* makeVmm((accept) => host.transport.connect(guestPath, accept))
      assert.strictEqual(yield* tagOf(guest.reset), "EBUSY")
      yield* agent.setState({ ...nic, to: "RUNNING" })
      yield* guest.reset
    }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
  )

it.scopedLive(
  "a server that ends takes its guest's connection with it, and no other; it is found again when it is back",
  () =>
    Effect.gen(function* () {
      const { agent, begin, end, host, vmm, where } = yield* foreign(true)
      const other = yield* place(host, where, "17", false)
      const [guest, kept] = [yield* vmm, yield* makeVmm((accept) => host.transport.connect(other.guestPath, accept))]
      yield* end
      yield* guest.ended
      assert.deepInclude((yield* agent.describe).pfs[0]?.vfs[0], { lifecycle: "bound", attached: false })
      assert.strictEqual(yield* tagOf(vmm), "ENODEV")
      yield* begin
      const again = yield* vmm
      assert.strictEqual((yield* again.info).regions, 8)
      assert.deepInclude((yield* agent.describe).pfs[0]?.vfs[0], { lifecycle: "open", state: "RUNNING" })
      assert.strictEqual(yield* kept.readWord(7, 0, 2), 0x8086)
    }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)

it.scopedLive("a guest at work goes on when the agent is begun anew, also in the middle of its migration", () =>
  Effect.gen(function* () {
    const [host, where] = [yield* makeHost(), yield* folder]
    const served = yield* serve(host, where, "17")
    const other = yield* place(host, where, "18", true)
    const begin = Effect.gen(function* () {
      const life = yield* Scope.make()
      const beside = yield* Scope.extend(agentBeside(host, where, "17", served.path), life)
      return { ...beside, end: Scope.close(life, Exit.void) }
    })
    const first = yield* begin
    const attachment = yield* attach(yield* guest(host), host.wire(first.guestPath))
    const workload = yield* Workload.make(yield* QatDriver.probe(attachment, arena()), { seed: 4, lanes })
    const wire = ({ socketPath }: { readonly socketPath: string }) => host.wire(socketPath)
    yield* attend({ processor: workload.processor, attachments: [attachment], wire })
    yield* workload.start
    const anew = (agent: { readonly end: Effect.Effect<void> }) =>
      Effect.gen(function* () {
        yield* agent.end
        yield* attachment.until("Lost")
        const next = yield* begin
        yield* attachment.until("Connected")
        return next
      })
    yield* workload.more(6)
    const second = yield* anew(first)
    yield* workload.more(6)
    const destination = { host: "beta", device: other.name, socketPath: other.guestPath }
    const migrating = { device: "17", epoch: 0, migration: "m1", destination }
    yield* second.agent.setState({ ...migrating, to: "PRE_COPY" })
    yield* second.agent.setState({ ...migrating, to: "STOP_COPY" })
    const third = yield* anew(second)
    yield* third.agent.setState({ ...migrating, to: "RUNNING" })
    yield* workload.more(6)
    yield* workload.stop
    assert.strictEqual(attachment.name, first.guestPath)
    assert.deepStrictEqual([workload.report.wrong, workload.inFlight], [0, 0])
    assert.deepStrictEqual(Ledger.audit(yield* ledgerOf([served.stream]), workload.accounts), [])
  }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
)
