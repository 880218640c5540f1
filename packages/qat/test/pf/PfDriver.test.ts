/** The PF's driver over a PF and its VFs: restarts with everyone in time and late, AER, heartbeats, SR-IOV, a process that dies half way. */
import { assert, it } from "@effect/vitest"
import { PfDriver, RegisterFile } from "@stopcopy/qat"
import { Journal } from "@stopcopy/runtime"
import { Chunk, Effect, Fiber, Stream, TestClock } from "effect"
import { layer } from "../driver/hosts.ts"
import { bringUp, pf2vm, read, ready } from "./emulated.ts"

const modern = { init: 1, compatVersion: 5 }
const old = { init: 1, compatVersion: 4 }
const silent = { init: 0, compatVersion: 5 }

const words = { RESTARTING: 0x07, FATAL_ERROR: 0x13, RESTARTED: 0x17 } as const

/** Types of the events of a stream, in order. */
const typesOf = (stream: string) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const all = journal.events(0).pipe(Stream.filter((event) => event.stream === stream))
    return Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.map(all, ({ type }) => type)))
  })

it.effect(
  "a restart: VFs that have said INIT are told, ready in no time, reset; who was ready is not told RESTARTED",
  () =>
    Effect.gen(function* () {
      const { driver, pf, vfs } = yield* bringUp([modern, old, silent])
      const [first, second, third] = vfs
      if (first === undefined || second === undefined || third === undefined) return assert.fail("three VFs")
      yield* first.ask({ _tag: "WriteRegister", bar: 0, offset: 0x100, value: 0x40 })
      const resetting = yield* Effect.fork(driver.reset)
      assert.deepStrictEqual(yield* Effect.all([read(first), read(second)]), [words.RESTARTING, words.RESTARTING])
      assert.strictEqual(pf.unsafeState().device?.restart, "reset")
      assert.strictEqual(pf2vm(third), 0)
      yield* ready(first)
      yield* Fiber.join(resetting)
      assert.isNull(pf.unsafeState().device?.restart)
      assert.deepStrictEqual(yield* typesOf(pf.stream), ["Configured", "RestartBegun", "RestartEnded"])
      for (const vf of vfs) {
        assert.deepStrictEqual([vf.unsafeState().registers, pf2vm(vf)], [RegisterFile.reset(), 0])
        assert.include(yield* typesOf(vf.stream), "ResetDone")
      }
      assert.deepStrictEqual(
        vfs.map((vf) => vf.unsafeState().init),
        [0, 1, 0]
      )
    }).pipe(Effect.provide(layer))
)

it.effect("a VF that says INIT again before the device is back is told RESTARTED", () =>
  Effect.gen(function* () {
    const { driver, vfs } = yield* bringUp([modern, modern])
    const [first, second] = vfs
    if (first === undefined || second === undefined) return assert.fail("two VFs")
    const resetting = yield* Effect.fork(driver.reset)
    yield* Effect.all([read(first), read(second)])
    yield* ready(first)
    yield* first.ask({ _tag: "WriteRegister", bar: 2, offset: 0x100c, value: 0x0f })
    yield* ready(second)
    assert.strictEqual(yield* read(first), words.RESTARTED)
    yield* Fiber.join(resetting)
    assert.strictEqual(pf2vm(second), 0)
  }).pipe(Effect.provide(layer))
)

it.effect("a VF that does not read has 1 s, one that is not ready 10 s; the PF records both and goes on", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([modern, old])
    const [first] = vfs
    if (first === undefined) return assert.fail("a VF")
    const resetting = yield* Effect.fork(driver.reset)
    yield* TestClock.adjust("999 millis")
    assert.notInclude(yield* typesOf(pf.stream), "MessageUnread")
    yield* TestClock.adjust("1 millis")
    const unread = (yield* typesOf(pf.stream)).filter((type) => type === "MessageUnread")
    assert.lengthOf(unread, 2)
    yield* TestClock.adjust("9999 millis")
    assert.strictEqual(pf.unsafeState().device?.restart, "reset")
    yield* TestClock.adjust("1 millis")
    assert.include(yield* typesOf(pf.stream), "VfsStillRunning")
    assert.strictEqual(yield* read(first), words.RESTARTED)
    yield* Fiber.join(resetting)
    assert.isNull(pf.unsafeState().device?.restart)
  }).pipe(Effect.provide(layer))
)

it.effect("an answer that the VF has not read has its second first", () =>
  Effect.gen(function* () {
    const { driver, vfs } = yield* bringUp([old])
    const [vf] = vfs
    if (vf === undefined) return assert.fail("a VF")
    yield* vf.ask({ _tag: "WriteRegister", bar: 2, offset: 0x100c, value: 0x41b })
    const resetting = yield* Effect.fork(driver.reset)
    yield* TestClock.adjust("500 millis")
    assert.strictEqual(pf2vm(vf), 0x0001_050b)
    yield* TestClock.adjust("500 millis")
    assert.strictEqual(yield* read(vf), words.RESTARTING)
    yield* Fiber.join(resetting)
  }).pipe(Effect.provide(layer))
)

it.effect("a restart lifts the mask of a VF that had sent an unknown message", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([silent])
    const [vf] = vfs
    if (vf === undefined) return assert.fail("a VF")
    const write = (value: number) => vf.ask({ _tag: "WriteMailbox", value, pf: { ...pf.unsafeState() } })
    yield* write(0xff)
    yield* write(0x0f)
    assert.strictEqual(vf.unsafeState().init, 0)
    yield* driver.reset
    assert.isUndefined(vf.unsafeState().device?.mailbox)
    yield* write(0x0f)
    assert.strictEqual(vf.unsafeState().init, 1)
  }).pipe(Effect.provide(layer))
)

it.effect("a walk that is under way ends with EIO; closed and unbound VFs hold nothing up", () =>
  Effect.gen(function* () {
    const { driver, vfs } = yield* bringUp([silent, modern, modern])
    const [walking, closed, gone] = vfs
    if (walking === undefined || closed === undefined || gone === undefined) return assert.fail("three VFs")
    const pf = { version: 1, gencap: 0, svcmap: 0, extdc: 0, rateLimiting: false, slas: [] }
    yield* walking.ask({ _tag: "SetState", requested: 5, pf, fileCreation: 0 })
    yield* closed.ask({ _tag: "Close" })
    yield* gone.ask({ _tag: "Close" })
    yield* gone.ask({ _tag: "Remove" })
    yield* driver.reset
    assert.deepInclude(walking.unsafeState().ended?.failure, { name: "EIO" })
    assert.deepStrictEqual(vfs.map(pf2vm), [0, 0, 0])
  }).pipe(Effect.provide(layer))
)

it.effect("a second restart is left to the first, and an interrupted caller does not end it", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([modern])
    const [vf] = vfs
    if (vf === undefined) return assert.fail("a VF")
    const resetting = yield* Effect.fork(driver.reset)
    yield* read(vf)
    yield* driver.reset
    yield* Fiber.interrupt(resetting)
    assert.strictEqual(pf.unsafeState().device?.restart, "reset")
    yield* ready(vf)
    yield* pf.until(({ device }) => device?.restart === null)
    assert.lengthOf(
      (yield* typesOf(pf.stream)).filter((type) => type === "RestartBegun"),
      1
    )
  }).pipe(Effect.provide(layer))
)

it.effect("of two restarts that are asked for at once one begins: each VF is reset once", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([silent])
    yield* Effect.all([driver.reset, driver.reset, driver.errorDetected("frozen")], { concurrency: "unbounded" })
    const types = yield* typesOf(pf.stream)
    assert.lengthOf(
      types.filter((type) => type === "RestartBegun"),
      1
    )
    assert.lengthOf(
      (yield* typesOf(vfs[0]?.stream ?? "")).filter((type) => type === "ResetDone"),
      1
    )
  }).pipe(Effect.provide(layer))
)

it.effect("a restart that a process left unfinished is ended by recover; one that waits for the slot is not", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([silent])
    yield* driver.recover
    yield* pf.ask({ _tag: "BeginRestart", cause: "reset" })
    yield* PfDriver.make(pf, vfs).recover
    assert.isNull(pf.unsafeState().device?.restart)
    yield* pf.ask({ _tag: "BeginRestart", cause: "error" })
    yield* driver.recover
    assert.strictEqual(pf.unsafeState().device?.restart, "error")
    assert.strictEqual(yield* driver.slotReset, "recovered")
    assert.isNull(pf.unsafeState().device?.restart)
  }).pipe(Effect.provide(layer))
)

it.effect("AER: users and VFs are told, the slot's reset brings the device back", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([modern, old])
    const [first, second] = vfs
    if (first === undefined || second === undefined) return assert.fail("two VFs")
    const detected = yield* Effect.fork(driver.errorDetected("frozen"))
    assert.strictEqual(yield* read(first), words.FATAL_ERROR)
    assert.deepStrictEqual(yield* Effect.all([read(first), read(second)]), [words.RESTARTING, words.RESTARTING])
    yield* ready(first)
    assert.strictEqual(yield* Fiber.join(detected), "need reset")
    assert.deepStrictEqual(
      vfs.map((vf) => vf.unsafeState().errorNotifications),
      [1, 1]
    )
    assert.strictEqual(pf.unsafeState().device?.restart, "error")
    assert.strictEqual(yield* driver.heartbeat, "unresponsive")
    assert.strictEqual(yield* driver.slotReset, "recovered")
    assert.isNull(pf.unsafeState().device?.restart)
    assert.strictEqual(yield* driver.slotReset, "recovered")
  }).pipe(Effect.provide(layer))
)

it.effect("AER: a channel that failed for good takes the device with it", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([modern])
    assert.strictEqual(yield* driver.errorDetected("permanent"), "disconnect")
    assert.strictEqual(yield* driver.slotReset, "disconnect")
    assert.strictEqual(yield* driver.errorDetected("normal"), "disconnect")
    yield* driver.reset
    assert.strictEqual(yield* driver.heartbeat, "unresponsive")
    assert.deepInclude(pf.unsafeState().device, { lost: true, restart: null })
    assert.strictEqual(vfs[0]?.unsafeState().errorNotifications, 2)
  }).pipe(Effect.provide(layer))
)

/** Rings of bank 1 (symmetric) configured and served, one request waiting: an engine that does nothing hangs. */
const hang = [
  [0x3000, 0x8],
  [0x3004, 0x2006],
  [0x219c, 1],
  [0x2100, 0x80]
] as const

it.effect("heartbeats: alive without work, unresponsive when work stands still, and the VFs are told", () =>
  Effect.gen(function* () {
    const { driver, pf, vfs } = yield* bringUp([modern])
    const [vf] = vfs
    if (vf === undefined) return assert.fail("a VF")
    const beat = Effect.zipRight(TestClock.adjust("200 millis"), driver.heartbeat)
    assert.strictEqual(yield* beat, "alive")
    assert.include(yield* Effect.flip(driver.heartbeat), { _tag: "EINVAL" })
    for (const [offset, value] of hang) yield* vf.ask({ _tag: "WriteRegister", bar: 0, offset, value: value >>> 1 })
    for (let check = 0; check < 4; check++) assert.strictEqual(yield* beat, "alive", "half a request is no work")
    for (const [offset, value] of hang) yield* vf.ask({ _tag: "WriteRegister", bar: 0, offset, value })
    for (let check = 0; check < 3; check++) assert.strictEqual(yield* beat, "alive")
    const failing = yield* Effect.fork(beat)
    assert.strictEqual(yield* read(vf), words.FATAL_ERROR)
    assert.strictEqual(yield* Fiber.join(failing), "unresponsive")
    assert.deepInclude(pf.unsafeState().device?.heartbeat, { sent: 9, failed: 1 })
    assert.strictEqual(yield* beat, "unresponsive")
    assert.strictEqual(pf2vm(vf) & 1, 0)
    assert.isNull(pf.unsafeState().device?.restart)
  }).pipe(Effect.provide(layer))
)

it.effect("an injected error makes heartbeats fail; a device set up so resets itself, and is alive again", () =>
  Effect.gen(function* () {
    const { driver, pf } = yield* bringUp([silent], { device: { totalVfs: 16, autoReset: true } })
    yield* pf.ask({ _tag: "InjectHeartbeatError", pair: 3 })
    assert.deepStrictEqual(
      [yield* driver.heartbeat, yield* driver.heartbeat, yield* driver.heartbeat],
      ["alive", "alive", "unresponsive"]
    )
    assert.includeMembers([...(yield* typesOf(pf.stream))], ["FatalErrorFound", "RestartBegun", "RestartEnded"])
    yield* TestClock.adjust("200 millis")
    assert.strictEqual(yield* driver.heartbeat, "alive")
  }).pipe(Effect.provide(layer))
)

it.effect("SR-IOV: VFs in use hold it up and are named; enabled anew, the PF has forgotten what it knew of them", () =>
  Effect.gen(function* () {
    const { driver, vfs } = yield* bringUp([modern, modern])
    const refused = yield* Effect.flip(driver.setVfs(1))
    assert.include("refusal" in refused ? refused.refusal : {}, { source: "VF 0 (open), VF 1 (open)" })
    for (const vf of vfs) yield* vf.ask({ _tag: "Close" })
    const bound = yield* Effect.flip(driver.setVfs(1))
    assert.include("refusal" in bound ? bound.refusal : {}, { source: "VF 0 (bound), VF 1 (bound)" })
    for (const vf of vfs) yield* vf.ask({ _tag: "Remove" })
    assert.include(yield* Effect.flip(driver.setVfs(1, { hostUsers: ["crypto"] })), { _tag: "EBUSY" })
    assert.include(yield* Effect.flip(driver.setVfs(1, { iommu: false })), { _tag: "EINVAL" })
    assert.include(yield* Effect.flip(driver.setVfs(17)), { _tag: "ERANGE" })
    assert.strictEqual(yield* driver.setVfs(1), 16)
    for (const vf of vfs) assert.include(vf.unsafeState(), { init: 0, compatVersion: 0 })
    assert.strictEqual(yield* driver.setVfs(0), 0)
  }).pipe(Effect.provide(layer))
)

it.effect("a reset of one VF is that one's alone; one that is not there is ENODEV", () =>
  Effect.gen(function* () {
    const { driver, vfs } = yield* bringUp([modern, modern])
    for (const vf of vfs) yield* vf.ask({ _tag: "WriteRegister", bar: 0, offset: 0x100, value: 0x40 })
    yield* driver.resetVf(1)
    const tails = vfs.map((vf) => RegisterFile.ringRegister(vf.unsafeState().registers, 0, 0, "TAIL"))
    assert.deepStrictEqual(tails, [0x40, 0])
    assert.strictEqual(vfs[1]?.unsafeState().init, 1, "what the PF remembers stays")
    assert.include(yield* Effect.flip(driver.resetVf(2)), { _tag: "ENODEV" })
  }).pipe(Effect.provide(layer))
)
