/** The struct of feature MIG_DEVICE_STATE. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { MigDeviceState } from "@stopcopy/vfio"
import { Either } from "effect"
import { assertLayout } from "./layout.ts"

it("the struct has the uAPI's layout", () => {
  assertLayout({ deviceState: 0, dataFd: 0 }, MigDeviceState.encode, MigDeviceState.byteLength, [
    ["deviceState", 0, 4, { deviceState: 0xffff_ffff }],
    ["dataFd", 4, 4, { dataFd: MigDeviceState.noFile }]
  ])
  assert.strictEqual(MigDeviceState.byteLength, 8)
})

it.prop("decode inverts encode", [MigDeviceState.MigDeviceState], ([value]) => {
  assertRight(MigDeviceState.decode(MigDeviceState.encode(value)), value)
})

it("fewer than 8 bytes are a fault", () => {
  const error = Either.getOrThrow(Either.flip(MigDeviceState.decode(new Uint8Array(7))))
  assert.strictEqual(error._tag, "EFAULT")
})
