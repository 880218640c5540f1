/** The header of device feature requests, the feature table, and the order of its checks. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { DeviceFeature } from "@stopcopy/vfio"
import { Either } from "effect"
import { assertLayout } from "./layout.ts"

const { GET, PROBE, SET } = DeviceFeature
const everything = { hasMigration: true, hasDmaLogging: true }
const nothing = { hasMigration: false, hasDmaLogging: false }

const answer = (argsz: number, flags: number, operations: DeviceFeature.Operations = everything): string =>
  Either.match(DeviceFeature.check(argsz, flags, operations), {
    onLeft: (error) => `${error._tag} ${error.refusal?.code}`,
    onRight: (accepted) => (accepted.executes ? `${accepted.feature.name} ${accepted.direction}` : "probe")
  })

it("the header has the uAPI's layout", () => {
  assertLayout({ argsz: 0, flags: 0 }, DeviceFeature.encodeHeader, DeviceFeature.headerBytes, [
    ["argsz", 0, 4, { argsz: 0xffff_ffff }],
    ["flags", 4, 4, { flags: 0xffff_ffff }]
  ])
  assert.strictEqual(DeviceFeature.headerBytes, 8)
  assert.deepStrictEqual([DeviceFeature.INDEX_MASK, GET, SET, PROBE], [0xffff, 1 << 16, 1 << 17, 1 << 18])
})

it.prop("decode inverts encode", [DeviceFeature.Header], ([header]) => {
  assertRight(DeviceFeature.decodeHeader(DeviceFeature.encodeHeader(header)), header)
})

it("fewer than 8 bytes are a fault", () => {
  const error = Either.getOrThrow(Either.flip(DeviceFeature.decodeHeader(new Uint8Array(7))))
  assert.include(error, { _tag: "EFAULT", errno: 14 })
})

it("every feature has its index, ways and data size", () => {
  const ways = (feature: DeviceFeature.Feature) => (feature.get ? "G" : "") + (feature.set ? "S" : "")
  assert.deepStrictEqual(
    DeviceFeature.features.map((feature) => `${feature.name} ${ways(feature)} ${feature.dataBytes}`),
    [
      "PCI_VF_TOKEN S 16",
      "MIGRATION G 8",
      "MIG_DEVICE_STATE GS 8",
      "LOW_POWER_ENTRY S 0",
      "LOW_POWER_ENTRY_WITH_WAKEUP S 8",
      "LOW_POWER_EXIT S 0",
      "DMA_LOGGING_START S 24",
      "DMA_LOGGING_STOP S 0",
      "DMA_LOGGING_REPORT G 32",
      "MIG_DATA_SIZE G 8",
      "BUS_MASTER S 4",
      "DMA_BUF G 16",
      "MIG_PRECOPY_INFOv2 S 0"
    ]
  )
  DeviceFeature.features.forEach((feature, index) => assert.strictEqual(feature.index, index))
})

it("a well-formed request runs its feature, and excess room is fine", () => {
  assert.strictEqual(answer(16, 1 | GET), "MIGRATION GET")
  assert.strictEqual(answer(16, 2 | SET), "MIG_DEVICE_STATE SET")
  assert.strictEqual(answer(0xffff_ffff, 8 | GET), "DMA_LOGGING_REPORT GET")
  assert.strictEqual(answer(8, 7 | SET), "DMA_LOGGING_STOP SET")
})

it("every check has its errno and its code", () => {
  assert.strictEqual(answer(7, 1 | GET), "EINVAL vfio.feature.argsz")
  assert.strictEqual(answer(16, (1 | GET | (1 << 19)) >>> 0), "EINVAL vfio.feature.flags")
  assert.strictEqual(answer(16, 0x8000_0000 + (1 | GET)), "EINVAL vfio.feature.flags")
  assert.strictEqual(answer(16, 2 | GET | SET), "EINVAL vfio.feature.both")
  assert.strictEqual(answer(16, 13 | GET), "ENOTTY vfio.feature.unknown")
  assert.strictEqual(answer(16, 3 | SET), "ENOTTY vfio.feature.other")
  assert.strictEqual(answer(16, 1 | GET, nothing), "ENOTTY vfio.feature.migration")
  assert.strictEqual(answer(32, 6 | SET, nothing), "ENOTTY vfio.feature.logging")
  assert.strictEqual(answer(16, 1 | SET), "EINVAL vfio.feature.direction")
  assert.strictEqual(answer(16, 1), "EINVAL vfio.feature.none")
  assert.strictEqual(answer(15, 1 | GET), "EINVAL vfio.feature.data")
})

it("checks come in their order", () => {
  const junk = 1 << 20
  assert.strictEqual(answer(0, 2 | GET | SET | junk, nothing), "EINVAL vfio.feature.argsz")
  assert.strictEqual(answer(8, 2 | GET | SET | junk, nothing), "EINVAL vfio.feature.flags")
  assert.strictEqual(answer(8, 2 | GET | SET, nothing), "EINVAL vfio.feature.both")
  assert.strictEqual(answer(8, 1 | SET, nothing), "ENOTTY vfio.feature.migration")
  assert.strictEqual(answer(8, 1 | SET), "EINVAL vfio.feature.direction")
  assert.strictEqual(answer(8, 1), "EINVAL vfio.feature.none")
})

it("a probe asks for the ways alone: no direction and no room are needed", () => {
  assert.strictEqual(answer(8, 1 | PROBE), "probe")
  assert.strictEqual(answer(8, 2 | GET | SET | PROBE), "probe")
  assert.strictEqual(answer(8, 1 | SET | PROBE), "EINVAL vfio.feature.direction")
  assert.strictEqual(answer(8, 1 | GET | SET | PROBE), "EINVAL vfio.feature.direction")
  assert.strictEqual(answer(8, 1 | PROBE, nothing), "ENOTTY vfio.feature.migration")
})
