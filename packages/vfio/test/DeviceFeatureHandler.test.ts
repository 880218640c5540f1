/** The feature ioctl over a mock device: one test per rule of what the caller finds afterwards. */
import { assert, it } from "@effect/vitest"
import { DeviceFeature, DeviceFeatureHandler, MigDeviceState, MigrationStates } from "@stopcopy/vfio"
import { Deferred, Effect, Either, Fiber, Option } from "effect"
import * as MockDevice from "./MockDevice.ts"

const { GET, PROBE, SET, headerBytes } = DeviceFeature

/** A request as it stands in memory, with `data` after the header. */
const request = (
  flags: number,
  data: Uint8Array = new Uint8Array(8),
  argsz = headerBytes + data.length
): Uint8Array => {
  const bytes = new Uint8Array(headerBytes + data.length)
  bytes.set(DeviceFeature.encodeHeader({ argsz, flags }))
  bytes.set(data, headerBytes)
  return bytes
}

const setTo = (deviceState: number): Uint8Array => request(2 | SET, MigDeviceState.encode({ deviceState, dataFd: 77 }))

const send = (mock: MockDevice.MockDevice, bytes: Uint8Array, writable = true) =>
  DeviceFeatureHandler.handle(mock.device, mock.files, { bytes, writable })

const errorOf = (reply: DeviceFeatureHandler.Reply): string =>
  Option.match(reply.error, { onNone: () => "ok", onSome: (error) => error._tag })

const dataOf = (reply: DeviceFeatureHandler.Reply): Uint8Array => reply.bytes.subarray(headerBytes)
const stateOf = (reply: DeviceFeatureHandler.Reply) => Either.getOrThrow(MigDeviceState.decode(dataOf(reply)))

const u64Of = (reply: DeviceFeatureHandler.Reply): bigint => {
  const data = dataOf(reply)
  return new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true)
}

it.effect("MIGRATION gives the device's features", () =>
  Effect.gen(function* () {
    const reply = yield* send(MockDevice.make(), request(1 | GET))
    assert.deepStrictEqual([errorOf(reply), u64Of(reply)], ["ok", 7n])
  })
)

it.effect("MIG_DATA_SIZE gives the estimate, in every state", () =>
  Effect.gen(function* () {
    for (const state of MigrationStates.all.filter((state) => state !== "ERROR")) {
      const mock = MockDevice.make()
      yield* send(mock, setTo(MigrationStates.toNumber(state)))
      const reply = yield* send(mock, request(9 | GET))
      assert.deepStrictEqual([errorOf(reply), u64Of(reply)], ["ok", 4096n], state)
    }
  })
)

it.effect("a device that cannot tell its size fails the request and leaves the memory", () =>
  Effect.gen(function* () {
    const bytes = request(9 | GET, new Uint8Array(8).fill(0xee))
    const reply = yield* send(MockDevice.make({ noSize: true }), bytes)
    assert.strictEqual(errorOf(reply), "EINVAL")
    assert.deepStrictEqual(reply.bytes, bytes)
  })
)

it.effect("GET gives the current state and no file", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make()
    yield* send(mock, setTo(6))
    const reply = yield* send(mock, request(2 | GET))
    assert.strictEqual(errorOf(reply), "ok")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 6, dataFd: -1 })
  })
)

it.effect("SET with a new session gives its descriptor", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make()
    const reply = yield* send(mock, setTo(3))
    assert.strictEqual(errorOf(reply), "ok")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 3, dataFd: 5 })
    assert.deepStrictEqual(mock.log, ["RUNNING_P2P", "STOP", "STOP_COPY", "install"])
  })
)

it.effect("SET without a new session gives -1", () =>
  Effect.gen(function* () {
    const reply = yield* send(MockDevice.make(), setTo(1))
    assert.strictEqual(errorOf(reply), "ok")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 1, dataFd: -1 })
  })
)

it.effect("a failed walk gives its error and still -1; the requested state stays as written", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make({ stuckBefore: "STOP" })
    const reply = yield* send(mock, setTo(3))
    assert.strictEqual(errorOf(reply), "ETIMEDOUT")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 3, dataFd: -1 })
    assert.deepStrictEqual(mock.log, ["RUNNING_P2P"])
  })
)

it.effect("a state that does not exist reaches the device and is refused there", () =>
  Effect.gen(function* () {
    const reply = yield* send(MockDevice.make(), setTo(0xffff_ffff))
    assert.strictEqual(errorOf(reply), "EINVAL")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 0xffff_ffff, dataFd: -1 })
    const code = Option.flatMapNullable(reply.error, (error) => error.refusal?.code)
    assert.deepStrictEqual(Option.getOrNull(code), "vfio.state.unknown.requested")
  })
)

it.effect("without a free descriptor the state has changed, the file is closed, the memory is untouched", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make({ noDescriptor: true })
    const reply = yield* send(mock, setTo(6))
    assert.strictEqual(errorOf(reply), "EMFILE")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 6, dataFd: 77 })
    assert.deepStrictEqual(mock.log, ["PRE_COPY", "install", "close"])
    assert.strictEqual(yield* mock.device.getState, "PRE_COPY")
  })
)

it.effect("a fault on the way back drops the descriptor and keeps the state", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make()
    const reply = yield* send(mock, setTo(6), false)
    assert.strictEqual(errorOf(reply), "EFAULT")
    assert.deepStrictEqual(stateOf(reply), { deviceState: 6, dataFd: 77 })
    assert.deepStrictEqual(mock.log, ["PRE_COPY", "install", "remove 5", "close"])
  })
)

it.effect("a fault on the way back hides the walk's own error", () =>
  Effect.gen(function* () {
    const reply = yield* send(MockDevice.make({ stuckBefore: "STOP" }), setTo(1), false)
    assert.strictEqual(errorOf(reply), "EFAULT")
  })
)

it.effect("GET with memory that cannot be written is a fault", () =>
  Effect.gen(function* () {
    for (const index of [1, 2, 9]) {
      assert.strictEqual(errorOf(yield* send(MockDevice.make(), request(index | GET), false)), "EFAULT", `${index}`)
    }
  })
)

it.effect("memory that ends before argsz says is a fault, for GET as for SET, before the device is asked", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make()
    for (const flags of [2 | SET, 2 | GET, 1 | GET, 9 | GET]) {
      const reply = yield* send(mock, request(flags, new Uint8Array(7), 16))
      assert.strictEqual(errorOf(reply), "EFAULT", String(flags))
    }
    assert.strictEqual(errorOf(yield* send(mock, new Uint8Array(7))), "EFAULT")
    assert.deepStrictEqual(mock.log, [])
  })
)

it.effect("a probe succeeds and touches nothing", () =>
  Effect.gen(function* () {
    const mock = MockDevice.make()
    const bytes = request(2 | GET | SET | PROBE)
    const reply = yield* send(mock, bytes)
    assert.strictEqual(errorOf(reply), "ok")
    assert.deepStrictEqual([reply.bytes, mock.log], [bytes, []])
  })
)

it.effect("DMA logging is not offered", () =>
  Effect.gen(function* () {
    for (const flags of [6 | SET, 7 | SET, 8 | GET]) {
      assert.strictEqual(errorOf(yield* send(MockDevice.make(), request(flags, new Uint8Array(32)))), "ENOTTY")
    }
  })
)

it.effect("the caller's own memory is never written to, and bytes past the data are kept", () =>
  Effect.gen(function* () {
    const bytes = request(1 | GET, new Uint8Array(24).fill(0xee))
    const before = bytes.slice()
    const reply = yield* send(MockDevice.make(), bytes)
    assert.deepStrictEqual(bytes, before)
    assert.deepStrictEqual(
      [...reply.bytes.subarray(16)],
      Array.from({ length: 16 }, () => 0xee)
    )
  })
)

it.effect("what is not the protocol's failure stays a failure", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(send(MockDevice.make({ journalLost: true }), setTo(1)))
    assert.strictEqual(error._tag, "JournalLost")
  })
)

it.effect("an interruption during the walk waits until the file has its descriptor", () =>
  Effect.gen(function* () {
    const [begun, gate] = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
    const walking = Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(gate))
    const mock = MockDevice.make({}, walking)
    const fiber = yield* Effect.fork(send(mock, setTo(6)))
    yield* Deferred.await(begun)
    yield* Fiber.interruptFork(fiber)
    yield* Effect.yieldNow()
    assert.deepStrictEqual(mock.log, [])
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.await(fiber)
    assert.deepStrictEqual(mock.log, ["PRE_COPY", "install"])
  })
)
