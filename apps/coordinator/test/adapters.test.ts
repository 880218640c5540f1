/** A guest at work on a device of somebody else, through an adapter, moved by a real coordinator to another one: its VMM is asked at the adapter's own socket. */
import { assert, it } from "@effect/vitest"
import { Addresses } from "@stopcopy/agent"
import { guestAt } from "@stopcopy/agent/client"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { closeDescriptor } from "@stopcopy/vfio-user/transport"
import { AddressSpace, Arena, attach, QatDriver } from "@stopcopy/vmm"
import { adapter, attend, serveAgent } from "@stopcopy/vmm/agent"
import { type Host, makeHost, Workload } from "@stopcopy/vmm/node"
import { emulatedVf, serveDevice } from "@stopcopy/vmm/testing"
import { type Context, Effect, Layer, Logger, LogLevel } from "effect"
import { join } from "node:path"
import { folder, hasEnded, startCoordinator, starting, until } from "./support/world.ts"

const quiet = Logger.minimumLogLevel(LogLevel.None)

const journal = Layer.build(Layer.provideMerge(ActorSystem.layer, Journal.layerMemory))

/** A server that knows nothing of us, and an agent beside it. */
const adapterHost = (host: Host, devices: Context.Context<ActorSystem>, name: string, free: boolean) =>
  Effect.gen(function* () {
    const at = yield* folder
    const [socket, path] = [join(at, "nic0.sock"), join(at, "nic0.vmm")]
    const { device, vf } = yield* Effect.provide(emulatedVf(name), devices)
    yield* serveDevice(host, device, socket, { extensions: false })
    const access = yield* adapter({
      name: "nic0",
      open: (accept) => host.transport.connect(socket, accept),
      listen: (accept) => host.transport.listen(path, accept),
      closeDescriptor
    })
    const serving = serveAgent({
      name,
      program: "test",
      devices: [{ name: "nic0", access, socketPath: path, keepsState: true, free, guest: guestAt(path) }],
      address: { _tag: "Unix", path: join(at, "agent.sock") },
      grace: 100
    })
    const address = Addresses.format(yield* Effect.provide(serving, yield* journal))
    return { name, address, path, vf }
  })

/** Guest memory, in bytes: the driver's alone. */
const memory = { address: 0x1_0000_0000n, size: 2 << 20 }

it.scopedLive("a guest at work moves from adapter to adapter, and each of its requests is done once", () =>
  Effect.gen(function* () {
    const host = yield* makeHost({ messagesOnly: true })
    const one = yield* startCoordinator()
    const devicesOf = yield* journal
    const alpha = yield* adapterHost(host, devicesOf, "alpha", false)
    const beta = yield* adapterHost(host, devicesOf, "beta", true)
    for (const { address, name } of [alpha, beta]) yield* one.client.hosts.register({ payload: { name, address } })
    const space = yield* AddressSpace.make(yield* host.memory([memory]))
    const attachment = yield* attach(space, host.wire(alpha.path))
    const driver = yield* QatDriver.probe(attachment, new Arena(memory))
    const workload = yield* Workload.make(driver, { seed: 9, jobs: 8, lanes: [{ bank: 1, kind: "aes-128-cbc" }] })
    const wire = ({ socketPath }: { readonly socketPath: string }) => host.wire(socketPath)
    yield* attend({ processor: workload.processor, attachments: [attachment], wire })
    yield* workload.start
    yield* workload.more(5)
    const devices = ["nic0"] as const
    const found = yield* one.client.preflight.check({ payload: { from: "alpha", devices } })
    assert.deepStrictEqual([found.fits, found.blockers], [true, []])
    assert.notInclude(found.unchecked?.map(({ code }) => code) ?? [], "guest")
    const { id } = yield* one.client.migrations.start(starting("adapter to adapter", { devices }))
    const { verdict } = yield* until(one, id, hasEnded)
    assert.deepStrictEqual(verdict, { outcome: "completed", guest: "destination", reason: "" })
    yield* workload.more(5)
    yield* workload.stop
    assert.strictEqual(attachment.name, beta.path)
    assert.deepStrictEqual([workload.report.wrong, workload.inFlight], [0, 0])
    const states = yield* Effect.forEach([alpha, beta], ({ vf }) => vf.state)
    assert.deepStrictEqual(
      states.map(({ migrationState }) => migrationState),
      ["STOP", "RUNNING"]
    )
    const ledger = yield* Effect.provide(ledgerOf([alpha.vf.stream, beta.vf.stream]), devicesOf)
    assert.deepStrictEqual(Ledger.audit(ledger, workload.accounts), [])
  }).pipe(Effect.provide(quiet), Effect.timeout("30 seconds"))
)
