/** The driver end to end, over actors and a journal: VFs that migrate, migrations that are refused, walks that fail. */
import { assert, it } from "@effect/vitest"
import { MigratedView, type Registers } from "@stopcopy/qat"
import { Deferred, Effect, Exit, FastCheck as fc, Fiber } from "effect"
import {
  agree,
  attach,
  configure,
  copy,
  enter,
  go,
  type Host,
  layer,
  migrate,
  open,
  probe,
  sla
} from "./driver/hosts.ts"
import { busy, csrOffset, life, live, ringOffset } from "./driver/lives.ts"

const viewOf = ({ driver }: Host) => MigratedView.migratedView(driver.vf.unsafeState())
const stateOf = ({ driver }: Host) => driver.vf.unsafeState().migrationState
const tail = { bar: 0, offset: ringOffset(0, 0, "TAIL"), value: 0x1c0 } as const

it.effect("a busy VF migrates live: the guest writes to the last moment, and both sides are the same afterwards", () =>
  Effect.gen(function* () {
    const [source, destination] = yield* Effect.all([open("17"), open("65")])
    yield* live(source.driver, busy)
    const moved = yield* migrate(source, destination, {
      chunks: [1, 13, 7, 512, 77],
      whilePreCopy: live(source.driver, [tail]),
      whileP2P: live(source.driver, [{ bar: 0, offset: csrOffset(3, "INT_FLAG_EN"), value: 0x3 }])
    })
    assert.deepStrictEqual(moved, { setup: 90, state: 4006 })
    assert.deepStrictEqual(viewOf(destination), viewOf(source))
    assert.isUndefined(MigratedView.firstDifference(viewOf(source), viewOf(destination)))
    assert.strictEqual(MigratedView.digest(viewOf(destination)).whole, MigratedView.digest(viewOf(source)).whole)
    assert.deepStrictEqual([stateOf(source), stateOf(destination)], ["STOP", "RUNNING"])
    assert.strictEqual(yield* destination.driver.readRegister(0, tail.offset), 0x1c0)
    assert.strictEqual(yield* destination.driver.readRegister(2, 0x1004), 0)
    assert.deepInclude(viewOf(destination)["GENER"], { init: "0x1", compatVersion: "0x4" })
    yield* agree(source, destination)
  }).pipe(Effect.provide(layer))
)

it.effect("the setup part is judged while the source runs", () =>
  Effect.gen(function* () {
    const [source, destination] = yield* Effect.all([open("17"), open("65")])
    const saving = yield* enter(source, "PRE_COPY")
    const resuming = yield* enter(destination, "RESUMING")
    assert.strictEqual(yield* copy(saving, resuming, [50]), 90)
    assert.strictEqual(destination.driver.vf.unsafeState().remoteSetupSize, 90)
    assert.strictEqual(stateOf(source), "PRE_COPY")
    yield* live(source.driver, [tail])
    assert.strictEqual(yield* source.driver.readRegister(0, tail.offset), 0x1c0)
  }).pipe(Effect.provide(layer))
)

it.effect("a VF goes on from host to host: a second and a third migration, and back to the first host", () =>
  Effect.gen(function* () {
    const [a, b, c] = yield* Effect.all([open("17"), open("65"), open("ca")])
    yield* live(a.driver, busy)
    const way = [a, b, c, a, b, a]
    for (const [index, source] of way.slice(0, -1).entries()) {
      const destination = way[index + 1] ?? a
      yield* live(source.driver, [{ bar: 0, offset: ringOffset(1, 1, "HEAD"), value: 0x40 * index }])
      const before = viewOf(source)
      yield* migrate(source, destination, { chunks: [index + 1, 900] })
      assert.deepStrictEqual(viewOf(destination), viewOf(source))
      assert.deepStrictEqual(viewOf(destination), before)
    }
    yield* agree(a, b, c)
  }).pipe(Effect.provide(layer))
)

it.effect.prop(
  "whatever a guest wrote and however the stream is cut, both sides have equal views and the journal agrees",
  [life, life, fc.array(fc.integer({ min: 1, max: 4096 }), { minLength: 1, maxLength: 8 })],
  ([writes, later, chunks]) =>
    Effect.gen(function* () {
      const [source, destination] = yield* Effect.all([open("17"), open("65")])
      yield* live(source.driver, writes)
      yield* live(destination.driver, later)
      yield* destination.driver.reset
      yield* migrate(source, destination, { chunks, whileP2P: live(source.driver, later) })
      assert.deepStrictEqual(viewOf(destination), viewOf(source))
      yield* agree(source, destination)
    }).pipe(Effect.provide(layer)),
  { fastCheck: { numRuns: 25 } }
)

const refusals = [
  ["a capability that the destination lacks", { gencap: 0x0101_0003 }, "mstate.gencap.superset"],
  ["another ring-to-service map", { svcmap: 0x0111 }, "mstate.svcmap.equal"],
  ["an extended compression capability that the destination lacks", { extdc: 0x1 }, "mstate.extdc.superset"]
] as const

for (const [what, pf, code] of refusals) {
  it.effect(`${what} is refused in PRE_COPY, and the source keeps running`, () =>
    Effect.gen(function* () {
      const [source, destination] = yield* Effect.all([open("17"), open("65", { pf })])
      yield* live(source.driver, busy)
      const saving = yield* enter(source, "PRE_COPY")
      const resuming = yield* enter(destination, "RESUMING")
      const refused = yield* Effect.flip(copy(saving, resuming, [40]))
      assert.include(refused, { _tag: "EINVAL" })
      assert.include("refusal" in refused ? refused.refusal : {}, { code })
      yield* destination.driver.reset
      assert.strictEqual(stateOf(source), "PRE_COPY")
      yield* live(source.driver, [tail])
      yield* go(source, "RUNNING")
      assert.strictEqual(yield* source.driver.readRegister(0, tail.offset), 0x1c0)
      yield* agree(source, destination)
    }).pipe(Effect.provide(layer))
  )
}

const slas = [
  ["no such SLA", [], "mstate.sla.absent"],
  ["a lower committed rate", [{ ...sla, cir: 399 }], "mstate.sla.cir"],
  ["a lower peak rate", [{ ...sla, pir: 799 }], "mstate.sla.pir"]
] as const

for (const [what, own, code] of slas) {
  it.effect(`${what} is refused at RESUMING to STOP with no register touched; the source resumes`, () =>
    Effect.gen(function* () {
      const [source, destination] = yield* Effect.all([open("17"), open("65", { pf: { slas: own } })])
      yield* live(source.driver, busy)
      const before = viewOf(source)
      const untouched = viewOf(destination)
      const refused = yield* Effect.flip(migrate(source, destination))
      assert.include("refusal" in refused ? refused.refusal : {}, { code })
      assert.deepStrictEqual(viewOf(destination), untouched)
      assert.strictEqual(stateOf(destination), "RESUMING")
      yield* destination.driver.reset
      yield* go(source, "RUNNING")
      assert.deepStrictEqual(viewOf(source), before)
      assert.strictEqual(source.driver.vf.unsafeState().stoppedBanks, 0)
      yield* agree(source, destination)
    }).pipe(Effect.provide(layer))
  )
}

for (const mode of ["kernel", "safe"] as const) {
  it.effect(`a drain that times out in ${mode} mode, and the next try`, () =>
    Effect.gen(function* () {
      const [source, destination] = yield* Effect.all([open("17", { vf: { mode } }), open("65", { vf: { mode } })])
      yield* live(source.driver, busy)
      const saving = yield* enter(source, "PRE_COPY")
      source.world.stuck = [3]
      const failed = yield* Effect.flip(go(source, "STOP_COPY"))
      assert.include(failed, { _tag: "ETIMEDOUT", errno: 110 })
      assert.strictEqual(stateOf(source), "PRE_COPY")
      assert.strictEqual(source.driver.vf.unsafeState().stoppedBanks, mode === "safe" ? 0 : 0b0111)
      source.world.stuck = []
      const resuming = yield* enter(destination, "RESUMING")
      yield* go(source, "STOP_COPY")
      yield* copy(saving, resuming, [1000])
      yield* go(destination, "RUNNING")
      assert.deepStrictEqual(viewOf(destination), viewOf(source))
      yield* agree(source, destination)
    }).pipe(Effect.provide(layer))
  )
}

const drains = ({ driver }: Host, bank: number) =>
  driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain" && operation.waiting.bank === bank)

for (const [name, ending, errno] of [
  ["a reset", "reset", "EIO"],
  ["a close", "close", "ECANCELED"]
] as const) {
  it.effect(`${name} ends a drain that would never end, also for a caller that cannot be interrupted: ${errno}`, () =>
    Effect.gen(function* () {
      const host = yield* open("17")
      host.world.hanging = [2]
      const walking = yield* Effect.fork(Effect.uninterruptible(Effect.flip(go(host, "STOP"))))
      yield* drains(host, 2)
      yield* live(host.driver, [tail])
      yield* host.driver[ending]
      assert.include(yield* Fiber.join(walking), { _tag: errno })
      if (ending === "close") yield* host.driver.open
      host.world.hanging = []
      yield* go(host, "STOP")
      yield* agree(host)
    }).pipe(Effect.provide(layer))
  )
}

it.effect("a walk ends for its waiter also when the device is removed and bound anew meanwhile", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    host.world.hanging = [0]
    const walking = yield* Effect.fork(Effect.flip(go(host, "STOP")))
    yield* drains(host, 0)
    yield* host.driver.close
    yield* host.driver.remove
    yield* host.driver.vf.ask(probe())
    yield* host.driver.open
    assert.include(yield* Fiber.join(walking), { _tag: "ECANCELED" })
    host.world.hanging = []
    yield* go(host, "STOP")
    assert.strictEqual(host.driver.vf.unsafeState().ended?.id, 1)
    yield* agree(host)
  }).pipe(Effect.provide(layer))
)

it.effect("a suspended bank runs again in hardware when the walk to RUNNING is over, not before", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    yield* go(host, "STOP")
    assert.isEmpty(host.world.released)
    yield* go(host, "RUNNING")
    assert.deepStrictEqual([...host.world.released], [4, 5, 6, 7])
    host.world.released.clear()
    host.world.stuck = [2]
    yield* Effect.flip(go(host, "STOP"))
    assert.deepStrictEqual([...host.world.released], [4, 5], "those that had drained before one timed out")
  }).pipe(Effect.provide(layer))
)

it.effect("a walk that has begun runs to its end although its caller gives up; a waiting one never begins", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const drained = yield* Deferred.make<void>()
    host.world.hanging = [1]
    host.world.gate = Deferred.await(drained)
    const first = yield* Effect.fork(go(host, "STOP"))
    yield* drains(host, 1)
    const second = yield* Effect.fork(go(host, "RUNNING"))
    const givingUp = yield* Effect.fork(Fiber.interrupt(first))
    assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(second)))
    yield* Deferred.succeed(drained, undefined)
    yield* Fiber.join(givingUp)
    assert.strictEqual(stateOf(host), "STOP")
    assert.strictEqual(host.driver.vf.unsafeState().nextOperation, 1)
  }).pipe(Effect.provide(layer))
)

it.effect("walks queue behind each other; reads, writes and registers are served meanwhile", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const saving = yield* enter(host, "PRE_COPY")
    host.world.hanging = [0]
    const walk = yield* Effect.fork(Effect.either(go(host, "PRE_COPY_P2P")))
    yield* drains(host, 0)
    const next = yield* Effect.fork(go(host, "RUNNING"))
    yield* Effect.yieldNow()
    assert.strictEqual((yield* saving.read(4096)).length, 90)
    yield* live(host.driver, [tail])
    assert.strictEqual(stateOf(host), "PRE_COPY")
    yield* host.driver.reset
    assert.strictEqual((yield* Fiber.join(walk))._tag, "Left")
    yield* Fiber.join(next)
    assert.strictEqual(stateOf(host), "RUNNING")
  }).pipe(Effect.provide(layer))
)

it.effect("bad register accesses are refused, holes read 0 and ignore writes", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    for (const [bar, offset] of [
      [0, 2],
      [0, 0x8000],
      [2, 0x2000]
    ] as const) {
      assert.include(yield* Effect.flip(host.driver.writeRegister(bar, offset, 1)), { _tag: "EINVAL" })
    }
    yield* host.driver.writeRegister(0, 0x1ffc, 1)
    yield* host.driver.writeRegister(2, 0x8, 1)
    assert.deepStrictEqual(
      yield* Effect.all([host.driver.readRegister(0, 0x1ffc), host.driver.readRegister(2, 0x8)]),
      [0, 0]
    )
    const read = (bank: number, name: Registers.CsrName) => host.driver.readRegister(0, csrOffset(bank, name))
    assert.strictEqual(yield* read(3, "E_STAT"), 3)
  }).pipe(Effect.provide(layer))
)

it.effect("life and death: probe, open, error, reset, close, remove", () =>
  Effect.gen(function* () {
    const host = yield* attach("17:00.0", "17:00.1")
    yield* host.pf.ask(configure())
    yield* host.driver.vf.ask(probe())
    yield* host.driver.open
    assert.include(yield* Effect.flip(host.driver.remove), { _tag: "EBUSY" })
    const saving = yield* enter(host, "STOP_COPY")
    const told = yield* Effect.fork(host.driver.nextError)
    yield* Effect.yieldNow()
    yield* host.driver.errorDetected
    assert.isTrue(Exit.isSuccess(yield* Fiber.await(told)), "the user is told")
    assert.strictEqual(stateOf(host), "STOP_COPY")
    yield* host.driver.reset
    assert.strictEqual(stateOf(host), "RUNNING")
    assert.include(yield* Effect.flip(saving.read(1)), { _tag: "ENODEV" })
    yield* host.driver.close
    yield* host.driver.remove
    assert.include(yield* Effect.flip(go(host, "STOP")), { _tag: "ENODEV" })
    yield* agree(host)
  }).pipe(Effect.provide(layer))
)
