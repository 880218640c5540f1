/** The user's end of a migration file: calls become commands of the VF, memory is copied, closing is safe. */
import { assert, it } from "@effect/vitest"
import { Ioctl, MigrationStates, PrecopyInfo } from "@stopcopy/vfio"
import { Effect, Fiber, Option } from "effect"
import { attach, enter, go, layer, open } from "./driver/hosts.ts"

it.effect("a saving file is read in the caller's steps and gives memory that is the caller's", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const file = yield* enter(host, "STOP_COPY")
    assert.strictEqual(file.kind, "saving")
    const first = yield* file.read(100)
    assert.deepStrictEqual(first, host.driver.vf.unsafeState().block.slice(0, 100))
    first.fill(0xff)
    assert.notStrictEqual(host.driver.vf.unsafeState().block[0], 0xff)
    assert.strictEqual((yield* file.read(0xffff_ffff_ffff_ffffn)).length, 3996)
    assert.strictEqual((yield* file.read(1)).length, 0)
    assert.include(yield* Effect.flip(file.write(first)), { _tag: "EBADF" })
  }).pipe(Effect.provide(layer))
)

it.effect("a resuming file takes a copy of what is written", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const file = yield* enter(host, "RESUMING")
    assert.strictEqual(file.kind, "resuming")
    const bytes = new Uint8Array(10).fill(7)
    assert.strictEqual(yield* file.write(bytes), 10)
    bytes.fill(9)
    assert.deepStrictEqual([...host.driver.vf.unsafeState().block.subarray(0, 11)], [...Array(10).fill(7), 0])
    assert.include(yield* Effect.flip(file.read(1)), { _tag: "EBADF" })
    assert.include(yield* Effect.flip(file.ioctl(Ioctl.MIG_GET_PRECOPY_INFO, bytes)), { _tag: "ENOTTY" })
  }).pipe(Effect.provide(layer))
)

it.effect("how the call looked at the border decides its errno", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const saving = yield* enter(host, "PRE_COPY")
    assert.include(yield* Effect.flip(saving.read(1, { positioned: true })), { _tag: "ESPIPE" })
    assert.include(yield* Effect.flip(saving.read(1, { faulting: true })), { _tag: "EFAULT" })
    const resuming = yield* enter(host, "RESUMING")
    const some = new Uint8Array(4)
    assert.include(yield* Effect.flip(resuming.write(some, { positioned: true })), { _tag: "ESPIPE" })
    assert.include(yield* Effect.flip(resuming.write(some, { faulting: true })), { _tag: "EFAULT" })
    assert.include(yield* Effect.flip(resuming.write(some, { length: 5n })), { _tag: "EFAULT" })
    assert.include(yield* Effect.flip(resuming.write(some, { length: 4097n })), { _tag: "ENOMEM" })
    assert.include(yield* Effect.flip(resuming.write(new Uint8Array(4097))), { _tag: "ENOMEM" })
    assert.include(yield* Effect.flip(resuming.write(some, { length: 1n << 63n })), { _tag: "EOVERFLOW" })
  }).pipe(Effect.provide(layer))
)

it.effect("precopy info over the file", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const file = yield* enter(host, "PRE_COPY")
    yield* file.read(50)
    const argument = PrecopyInfo.encode({ argsz: 24, flags: 3, initialBytes: 0n, dirtyBytes: 9n })
    const info = yield* PrecopyInfo.decode(yield* file.ioctl(Ioctl.MIG_GET_PRECOPY_INFO, argument))
    assert.deepStrictEqual(info, { argsz: 24, flags: 3, initialBytes: 40n, dirtyBytes: 0n })
    assert.include(yield* Effect.flip(file.ioctl(1, argument)), { _tag: "ENOTTY" })
  }).pipe(Effect.provide(layer))
)

it.effect("closing keeps the session, closing twice does nothing, and a closed descriptor is EBADF", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const file = yield* enter(host, "PRE_COPY")
    yield* file.close
    yield* file.close
    assert.include(yield* Effect.flip(file.read(1)), { _tag: "EBADF" })
    assert.strictEqual(host.driver.vf.unsafeState().migrationState, "PRE_COPY")
    yield* go(host, "STOP_COPY")
    yield* go(host, "STOP")
    assert.deepStrictEqual(host.driver.vf.unsafeState().files, {})
  }).pipe(Effect.provide(layer))
)

it.effect("the end of a session makes its file ENODEV, whoever ended it", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    for (const end of [go(host, "RUNNING"), host.driver.reset, Effect.zipRight(host.driver.close, host.driver.open)]) {
      const file = yield* enter(host, "PRE_COPY")
      yield* end
      assert.include(yield* Effect.flip(file.read(1)), { _tag: "ENODEV" })
      yield* file.close
    }
  }).pipe(Effect.provide(layer))
)

it.effect("the file of the session under way is there for who lost its own, and goes on where that stopped", () =>
  Effect.gen(function* () {
    const { driver } = yield* open("17")
    const host = { driver }
    assert.isTrue(Option.isNone(yield* driver.openFile))
    const lost = yield* enter(host, "PRE_COPY")
    const first = yield* lost.read(40)
    const found = yield* Effect.flatten(driver.openFile)
    const rest = yield* found.read(100)
    assert.strictEqual(first.length + rest.length, 90)
    assert.include(yield* Effect.flip(lost.read(1)), { _tag: "ENOMSG" })
    yield* go(host, "STOP_COPY")
    assert.strictEqual((yield* found.read(4096)).length, 4006)
    yield* found.close
    assert.isTrue(Option.isNone(yield* driver.openFile), "closed")
    yield* go(host, "STOP")
    const resuming = yield* enter(host, "RESUMING")
    yield* resuming.write(first)
    assert.strictEqual((yield* Effect.flatten(driver.openFile)).kind, "resuming")
    yield* driver.reset
    assert.isTrue(Option.isNone(yield* driver.openFile), "the session is over")
  }).pipe(Effect.provide(layer))
)

it.effect("the file of a walk that an earlier process began is there once it is carried on", () =>
  Effect.gen(function* () {
    const first = yield* open("17")
    first.world.hanging = [0]
    const walk = yield* Effect.fork(first.driver.setState(MigrationStates.toNumber("STOP_COPY")))
    yield* first.driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain")
    assert.isTrue(Option.isNone(yield* first.driver.openFile))
    const next = yield* attach("17:00.0", "17:00.1")
    yield* next.driver.recover
    const file = yield* Effect.flatten(next.driver.openFile)
    assert.strictEqual((yield* file.read(5000)).length, 4096)
    yield* Fiber.interruptFork(walk)
  }).pipe(Effect.provide(layer))
)
