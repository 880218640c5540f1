/** The emulator as a process: what it prints, what its guests find, how it ends, what the next one finds. */
import { assert, it } from "@effect/vitest"
import { MigrationStates } from "@stopcopy/vfio"
import { makeClient, makeRemoteDevice } from "@stopcopy/vfio-user"
import { createMemfd, loadLibc, makeDescriptorHost, openEventfd, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Either, Exit, Fiber, Schema, Scope } from "effect"
import { closeSync, existsSync, readFileSync, readSync, statSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { version } from "../src/Version.ts"
import { Guest } from "./support/Guest.ts"
import { place, program, socketOf } from "./support/program.ts"

const emulator = program()
const modeOf = (path: string): number => statSync(path).mode & 0o7777

const get = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, text: await response.text() }
  })

it.scopedLive(
  "sockets are there when it is ready, for the owner alone; a guest reads and computes; SIGTERM ends it",
  () =>
    Effect.gen(function* () {
      const here = yield* place
      const running = yield* emulator.serve([
        "--pf",
        "a=4xxx:2",
        "--pf",
        "b=402xx:1,services=sym",
        "--drain-seconds",
        "0.2",
        ...here.args
      ])
      const sockets = [socketOf(here, "a", 0), socketOf(here, "a", 1), socketOf(here, "b", 0)]
      assert.deepStrictEqual(running.lines.slice(0, 3), [
        `socket a/vf0 ${sockets[0]}`,
        `socket a/vf1 ${sockets[1]}`,
        `socket b/vf0 ${sockets[2]}`
      ])
      for (const socket of sockets) assert.deepStrictEqual([modeOf(socket), modeOf(dirname(socket))], [0o600, 0o700])
      assert.deepStrictEqual([modeOf(here.sockets), modeOf(here.journal)], [0o700, 0o600])

      const guest = new Guest()
      const client = yield* guest.connect(socketOf(here, "a", 1))
      assert.strictEqual(yield* client.readWord(7, 0, 4), 0x4941_8086)
      assert.strictEqual(yield* client.readWord(7, 0x08, 4), 0x0b40_0040)
      assert.strictEqual((yield* client.regionInfo(0)).size, 0x8000)
      yield* guest.setup
      yield* guest.work(100)
      guest.settled()

      const health = yield* get(`${running.agent}/healthz`)
      assert.strictEqual(health.status, 200)
      const metrics = yield* Effect.repeat(get(`${running.agent}/metrics`), {
        until: ({ text }) => text.includes('stopcopy_requests_total{device="a/vf1",service="sym",status="ok"} 100')
      })
      assert.include(metrics.text, 'stopcopy_devices{pf="a"} 2')
      assert.include(metrics.text, "stopcopy_guests_attached 1")
      assert.include(metrics.text, 'stopcopy_migration_state_devices{state="RUNNING"} 3')

      const ended = yield* running.kill("SIGTERM")
      assert.deepStrictEqual([ended.code, ended.signal], [0, null])
      assert.deepStrictEqual([...sockets, dirname(sockets[0] ?? "")].filter(existsSync), [])
      for (const line of ended.stderr.trim().split("\n")) assert.hasAnyKeys(JSON.parse(line), ["message"])
    }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("another process on the journal finds registers, config space and queued requests as they were", () =>
  Effect.gen(function* () {
    const here = yield* place
    const first = yield* emulator.serve(["--pf", "a=4xxx:1", ...here.args])
    const guest = new Guest()
    const stay = yield* Scope.make()
    const client = yield* Scope.extend(guest.connect(socketOf(here, "a", 0)), stay)
    yield* guest.setup
    yield* guest.work(10)
    yield* client.writeWord(7, 0x3c, 1, 0x2a)
    // The bus is taken away: what is published now waits.
    yield* client.writeWord(7, 0x04, 2, 2)
    yield* guest.submit(5)
    yield* Scope.close(stay, Exit.void)
    assert.strictEqual((yield* first.kill("SIGTERM")).code, 0)

    const second = yield* emulator.serve(here.args)
    assert.include(second.lines, `socket a/vf0 ${socketOf(here, "a", 0)}`)
    const again = yield* guest.connect(socketOf(here, "a", 0))
    assert.strictEqual(yield* again.readWord(7, 0x3c, 1), 0x2a)
    while (guest.inFlight > 0) yield* guest.next
    assert.strictEqual(guest.taken, 15)
    guest.settled()
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("a migration session that is open goes on in the next process", () =>
  Effect.gen(function* () {
    const here = yield* place
    const args = [...here.args, "--drain-seconds", "0.1"]
    const enter = (path: string, state: "PRE_COPY" | "RESUMING") =>
      Effect.gen(function* () {
        const client = yield* makeClient((accept) => Transport.messages.connect(path, accept))
        const file = yield* Effect.flatten((yield* makeRemoteDevice(client)).setState(MigrationStates.toNumber(state)))
        return { client, file }
      })
    const first = yield* emulator.serve(["--pf", "a=4xxx:2", ...args])
    const setup = yield* Effect.scoped(
      Effect.gen(function* () {
        const source = yield* enter(socketOf(here, "a", 0), "PRE_COPY")
        yield* source.client.writeWord(0, 0x104, 4, 0x40)
        const destination = yield* enter(socketOf(here, "a", 1), "RESUMING")
        const bytes = yield* source.file.read(50)
        return yield* destination.file.write(bytes)
      })
    )
    assert.strictEqual((yield* first.kill("SIGTERM")).code, 0)

    yield* emulator.serve(args)
    const connect = (vf: number) => makeClient((accept) => Transport.messages.connect(socketOf(here, "a", vf), accept))
    const [source, destination] = [yield* connect(0), yield* connect(1)]
    yield* source.setMigrationState(MigrationStates.toNumber("STOP_COPY"))
    let moved = setup
    for (let bytes = yield* source.readMigrationData(1000); bytes.length > 0;) {
      yield* destination.writeMigrationData(bytes)
      moved += bytes.length
      bytes = yield* source.readMigrationData(1000)
    }
    assert.strictEqual(moved, 4096)
    yield* destination.setMigrationState(MigrationStates.toNumber("RUNNING"))
    assert.strictEqual(yield* destination.readWord(0, 0x104, 4), 0x40)
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("a guest that passes descriptors is interrupted by an eventfd, and asked for its device at the end", () =>
  Effect.gen(function* () {
    const here = yield* place
    const libc = yield* loadLibc
    const running = yield* emulator.serve(["--pf", "a=4xxx:1", ...here.args])
    const transport = Transport.descriptorsThrough(libc)
    const stay = yield* Scope.make()
    const client = yield* makeClient((accept) => transport.connect(socketOf(here, "a", 0), accept), {
      closeDescriptor: makeDescriptorHost(libc).close
    }).pipe(Scope.extend(stay))
    const memory = Either.getOrThrow(createMemfd(libc, "guest", 0x1_0000))
    const file = { descriptor: memory, offset: 0n }
    yield* client.dmaMap({ address: 0x1000_0000n, size: 0x1_0000n, read: true, write: true, file })
    yield* client.writeWord(7, 0x04, 2, 6)
    const [vector, request] = [yield* openEventfd(libc), yield* openEventfd(libc)]
    yield* client.assignEventfds(2, 0, [vector.descriptor])
    yield* client.assignEventfds(4, 0, [request.descriptor])
    // The firmware's NULL request in bank 0, responses from 0x8000 on, the bank's interrupt on.
    writeSync(memory, Uint8Array.from([0, 1, 0, 0x80]), 0, 4, 0)
    const setup = [
      [0x1040, 0x1000_0000],
      [0x1044, 0x1000_8000],
      [0x1000, 0x8],
      [0x1004, 0x2006],
      [0x174, 0x44],
      [0x16c, 2],
      [0x19c, 1],
      [0x100, 128]
    ] as const
    for (const [offset, value] of setup) yield* client.writeWord(0, offset, 4, value)
    yield* vector.take
    const response = new Uint8Array(4)
    readSync(memory, response, 0, 4, 0x8000)
    assert.strictEqual(response[3], 0x80)
    closeSync(memory)

    const ending = yield* Effect.fork(running.kill("SIGTERM"))
    yield* request.take
    yield* Scope.close(stay, Exit.void)
    const { code, stderr } = yield* Fiber.join(ending)
    assert.strictEqual(code, 0)
    assert.notInclude(stderr, "works on")
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("a second signal ends it at once, with the code of the signal", () =>
  Effect.gen(function* () {
    const here = yield* place
    const running = yield* emulator.serve(["--pf", "a=4xxx:1", "--drain-seconds", "600", ...here.args])
    yield* new Guest().connect(socketOf(here, "a", 0))
    running.child.kill("SIGTERM")
    yield* running.until(({ logs }) => (logs.includes("asked to leave") ? true : undefined))
    const { code } = yield* running.kill("SIGINT")
    assert.strictEqual(code, 130)
  }).pipe(Effect.timeout("30 seconds"))
)

it.scopedLive("without descriptors it says so, and works by messages; logs have the level that is asked for", () =>
  Effect.gen(function* () {
    const here = yield* place
    const quiet = yield* emulator.serve(["--pf", "a=4xxx:1", "--no-descriptors", "--log-level", "none", ...here.args])
    const guest = new Guest()
    yield* Effect.scoped(
      Effect.gen(function* () {
        assert.strictEqual((yield* guest.connect(socketOf(here, "a", 0))).negotiated.maxDescriptors, 0)
        yield* guest.setup
        yield* guest.work(3)
      })
    )
    guest.settled()
    const { code, stderr } = yield* quiet.kill("SIGTERM")
    assert.deepStrictEqual([code, stderr], [0, ""])
  }).pipe(Effect.timeout("30 seconds"))
)

it.effect("the version is that of the package", () =>
  Effect.gen(function* () {
    const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8")
    const Manifest = Schema.parseJson(Schema.Struct({ version: Schema.String }))
    assert.strictEqual((yield* Schema.decode(Manifest)(manifest)).version, version)
  })
)
