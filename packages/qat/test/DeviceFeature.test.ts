/** Ioctl DEVICE_FEATURE of `@stopcopy/vfio` over the driver: what a VMM sees of this device. */
import { assert, it } from "@effect/vitest"
import type { JournalError } from "@stopcopy/runtime"
import { DeviceFeature, DeviceFeatureHandler, type MigrationFile, MigrationStates } from "@stopcopy/vfio"
import { Effect, Either, Fiber, Option } from "effect"
import { type Host, layer, open } from "./driver/hosts.ts"

const table = () => {
  const files = new Array<MigrationFile<JournalError>>()
  const self: DeviceFeatureHandler.FileTable<JournalError> = {
    install: (file) => Either.right(files.push(file) - 1),
    remove: () => undefined
  }
  return { files, self }
}

const GET = 1 << 16
const SET = 1 << 17

/** The caller's memory: header and eight bytes of data. */
const memory = (flags: number, first = 0, second = 0): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16))
  for (const [index, word] of [16, flags, first, second].entries()) view.setUint32(4 * index, word, true)
  return new Uint8Array(view.buffer)
}

const data = ({ bytes }: DeviceFeatureHandler.Reply) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return [view.getUint32(8, true), view.getInt32(12, true)]
}

const ask = ({ driver }: Host, files: DeviceFeatureHandler.FileTable<JournalError>, bytes: Uint8Array) =>
  DeviceFeatureHandler.handle(driver, files, { bytes, writable: true })

const { MIG_DATA_SIZE, MIG_DEVICE_STATE, MIGRATION } = DeviceFeature

it.effect("flags are 7 and the data size is 4096, in every state", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const { self } = table()
    for (const state of ["RUNNING", "PRE_COPY", "STOP_COPY", "RESUMING"] as const) {
      yield* host.driver.setState(MigrationStates.toNumber(state))
      assert.deepStrictEqual(data(yield* ask(host, self, memory(GET | MIGRATION.index))), [7, 0])
      assert.deepStrictEqual(data(yield* ask(host, self, memory(GET | MIG_DATA_SIZE.index))), [4096, 0])
    }
  }).pipe(Effect.provide(layer))
)

it.effect("set state hands out descriptors, get state has none, and errors come through", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    const { files, self } = table()
    const set = (state: number) => ask(host, self, memory(SET | MIG_DEVICE_STATE.index, state, -1))
    assert.deepStrictEqual(data(yield* set(6)), [6, 0])
    assert.strictEqual(files[0]?.kind, "saving")
    assert.deepStrictEqual(data(yield* set(3)), [3, -1])
    assert.deepStrictEqual(data(yield* ask(host, self, memory(GET | MIG_DEVICE_STATE.index))), [3, -1])
    const refused = yield* set(6)
    assert.include(Option.getOrThrow(refused.error), { _tag: "EINVAL" })
    assert.deepStrictEqual(data(yield* set(4)), [4, 1])
    assert.strictEqual(files[1]?.kind, "resuming")
  }).pipe(Effect.provide(layer))
)

it.effect("a drain that would never end does not hold the ioctl for ever: a reset answers it with EIO", () =>
  Effect.gen(function* () {
    const host = yield* open("17")
    host.world.hanging = [3]
    const asking = yield* Effect.fork(ask(host, table().self, memory(SET | MIG_DEVICE_STATE.index, 5)))
    yield* host.driver.vf.until(({ operation }) => operation?.waiting?._tag === "Drain" && operation.waiting.bank === 3)
    yield* host.driver.reset
    assert.include(Option.getOrThrow((yield* Fiber.join(asking)).error), { _tag: "EIO" })
  }).pipe(Effect.provide(layer))
)
