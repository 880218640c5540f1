/** A guest's message while a migration holds the mailbox lock, or does not: when it is handled, and that nothing is left behind. */
import { assert, it } from "@effect/vitest"
import { decodeBlock, Mailbox, RegisterFile } from "@stopcopy/qat"
import { Journal } from "@stopcopy/runtime"
import { Chunk, Effect, Either, Fiber, Stream } from "effect"
import { agree, copy, enter, go, type Host, layer, open } from "./driver/hosts.ts"
import { openDevice } from "./support/guest/Device.ts"
import { GuestMemory } from "./support/guest/GuestMemory.ts"

const device = { vf: { registerModel: "device" } } as const
const serve = ({ driver, pf }: Host, value: number) => Mailbox.serveMailbox(pf, driver.vf, value)
const misc = ({ driver }: Host, name: "PF2VM" | "VM2PF") => RegisterFile.misc(driver.vf.unsafeState().registers, name)
const lock = ({ pf }: Host, on: boolean, holder: "service" | "migration" = "migration") =>
  pf.ask({ _tag: on ? "LockMailbox" : "UnlockMailbox", vf: 1, holder })

const types = Effect.gen(function* () {
  const journal = yield* Journal
  return Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.map(journal.events(0), ({ type }) => type)))
})

it.effect("a free lock is not taken: the message is one turn, answered with the PF's values of now", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* serve(host, 0x2327)
    assert.strictEqual(misc(host, "PF2VM"), 0x0000_000f | (0x49 << 10))
    assert.notInclude(yield* types, "MailboxLocked")
    yield* agree(host)
  }).pipe(Effect.provide(layer))
)

it.effect("while a migration holds the lock a message waits, and is handled when the lock is free", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* lock(host, true)
    const waiting = yield* Effect.fork(serve(host, 0x0f))
    yield* Effect.yieldNow()
    assert.strictEqual(misc(host, "VM2PF"), 0)
    yield* lock(host, false)
    yield* Fiber.join(waiting)
    assert.strictEqual(host.driver.vf.unsafeState().init, 1)
    assert.deepStrictEqual(host.pf.unsafeState().locks, {})
  }).pipe(Effect.provide(layer))
)

it.effect("a lock that is taken again before the message had its turn is waited for again", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* lock(host, true)
    const waiting = yield* Effect.fork(serve(host, 0x0f))
    yield* Effect.yieldNow()
    yield* Effect.zipRight(lock(host, false), lock(host, true))
    yield* Effect.yieldNow()
    assert.strictEqual(host.driver.vf.unsafeState().init, 0)
    yield* lock(host, false)
    yield* Fiber.join(waiting)
    assert.strictEqual(host.driver.vf.unsafeState().init, 1)
  }).pipe(Effect.provide(layer))
)

it.effect("interrupted while it waits it has written nothing; the lock stays its holder's", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* lock(host, true)
    const waiting = yield* Effect.fork(serve(host, 0x0f))
    yield* Effect.yieldNow()
    yield* Fiber.interrupt(waiting)
    yield* lock(host, false)
    assert.strictEqual(misc(host, "VM2PF"), 0)
    assert.strictEqual(host.driver.vf.unsafeState().init, 0)
  }).pipe(Effect.provide(layer))
)

it.effect("the lock of another VF, and a lock for service, hold up nothing and stay", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* host.pf.ask({ _tag: "LockMailbox", vf: 2, holder: "migration" })
    yield* lock(host, true, "service")
    yield* serve(host, 0x0f)
    assert.strictEqual(host.driver.vf.unsafeState().init, 1)
    assert.deepStrictEqual(host.pf.unsafeState().locks, { "1": "service", "2": "migration" })
  }).pipe(Effect.provide(layer))
)

it.effect("a message beside a save is in the block whole, or not at all", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* go(host, "STOP")
    const [, saved] = yield* Effect.all([serve(host, 0x41b), enter(host, "STOP_COPY")], { concurrency: 2 })
    const { misc: words } = Either.getOrThrow(decodeBlock(yield* saved.read(4096))).state
    assert.deepInclude(
      [
        [0, 0],
        [0x0001_050b, 0x41a]
      ],
      [words.PF2VM, words.VM2PF]
    )
    assert.strictEqual(misc(host, "PF2VM"), 0x0001_050b)
    assert.strictEqual(misc(host, "VM2PF"), 0x41a)
    yield* agree(host)
  }).pipe(Effect.provide(layer))
)

it.effect("a closed device refuses: ENODEV", () =>
  Effect.gen(function* () {
    const host = yield* open("17", device)
    yield* host.driver.close
    assert.include(yield* Effect.flip(serve(host, 0x0f)), { _tag: "ENODEV" })
  }).pipe(Effect.provide(layer))
)

it.effect("a doorbell that the source's PF did not hear rings at the destination's, once the device runs there", () =>
  Effect.gen(function* () {
    const [source, destination] = yield* Effect.all([open("17", device), open("65", device)])
    for (const value of [0x0f, 0xff, 0x13]) yield* serve(source, value)
    yield* go(source, "RUNNING_P2P")
    yield* go(source, "RUNNING")
    assert.strictEqual(misc(source, "VM2PF"), 0x13, "nobody listens at the source")
    const saving = yield* enter(source, "PRE_COPY")
    const resuming = yield* enter(destination, "RESUMING")
    yield* go(source, "STOP_COPY")
    yield* copy(saving, resuming, [4096])
    yield* go(destination, "STOP")
    assert.deepStrictEqual([misc(destination, "VM2PF"), destination.driver.vf.unsafeState().init], [0x13, 1])
    yield* go(destination, "RUNNING")
    assert.deepStrictEqual([misc(destination, "VM2PF"), destination.driver.vf.unsafeState().init], [0x12, 0])
    assert.strictEqual(source.driver.vf.unsafeState().init, 1)
    yield* agree(source, destination)
  }).pipe(Effect.provide(layer))
)

it.scoped("a value that no register holds is refused as for every other register, and changes nothing", () =>
  Effect.gen(function* () {
    const { driver } = yield* openDevice("17", new GuestMemory(4096).dma)
    const before = driver.vf.unsafeState()
    for (const value of [-1, 2 ** 32]) {
      assert.include(yield* Effect.flip(driver.writeRegister(2, 0x100c, value)), { _tag: "EINVAL" }, `${value}`)
      assert.deepStrictEqual(driver.vf.unsafeState().registers, before.registers)
    }
    yield* driver.writeRegister(2, 0x100c, 0xf)
    assert.strictEqual(driver.vf.unsafeState().init, 1)
  }).pipe(Effect.provide(layer))
)
