/** The three kinds of device, the capability mask of their hardware with fuses, and what the engine offers of it. */
import { assert, it } from "@effect/vitest"
import { bitsOf, DeviceType, idTable } from "@stopcopy/qat"
import { Either } from "effect"

const bits = (mask: number) => bitsOf(BigInt(mask))
const { deviceTypeOf, deviceTypes, hardwareCapabilities, offerOf } = DeviceType

it("each kind by the id of either function; 420xx and GEN6 are none", () => {
  for (const type of deviceTypes) {
    assert.deepStrictEqual([deviceTypeOf(type.pf), deviceTypeOf(type.vf)], [type, type])
    assert.strictEqual(idTable.get(type.vf), `${type.name} VF`)
  }
  for (const id of [0x4946, 0x4947, 0x4948, 0x4949]) assert.isUndefined(deviceTypeOf(id))
})

it("hardware without fuses", () => {
  assert.deepStrictEqual(bits(hardwareCapabilities(["sym"])), [0, 2, 3, 9, 12, 15, 16, 17, 19, 20, 26])
  assert.deepStrictEqual(bits(hardwareCapabilities(["asym"])), [1, 2, 13, 18])
  assert.deepStrictEqual(bits(hardwareCapabilities(["dc"])), [5, 23, 24, 25])
  assert.deepStrictEqual(bits(hardwareCapabilities(["asym", "dc"])), [1, 2, 5, 13, 18, 23, 24, 25])
  assert.deepStrictEqual(bits(hardwareCapabilities([])), [])
})

it("dcc can hash in a chain, and has no symmetric instances", () => {
  const chained = bits(hardwareCapabilities(["dcc"]))
  assert.notInclude(chained, 0)
  assert.includeMembers([...chained], [2, 3, 5, 23])
})

const fused = [
  ["cipher", 0x01, [3, 9, 15, 16, 17, 19, 20, 26]],
  ["authentication", 0x02, [0, 12, 16, 17, 19, 20, 26]],
  ["UCS", 0x10, [0, 3, 9, 12, 15, 19, 20]],
  ["SM", 0x80, [0, 2, 3, 9, 12, 15, 16, 17, 26]],
  ["public key", 0x04, [0, 2, 3, 9, 12, 15, 16, 17, 19, 20, 26]]
] as const

for (const [slice, fuses, left] of fused) {
  it(`without the ${slice} slice`, () => {
    assert.deepStrictEqual(bits(hardwareCapabilities(["sym"], fuses)), [...left])
  })
}

it("without public key or compression slices nothing is left of these services", () => {
  assert.deepStrictEqual(bits(hardwareCapabilities(["asym"], 0x04)), [2])
  assert.deepStrictEqual(bits(hardwareCapabilities(["dc"], 0x08)), [])
})

it("what the engine offers: never more than the hardware, and what drivers ask for", () => {
  const offer = (services: string, fuses = 0) => Either.getOrThrow(offerOf(services, fuses))
  assert.deepStrictEqual(offer("sym"), { gencap: 0x0401_000d, svcmap: 0x6db, extdc: 0 })
  assert.deepStrictEqual(offer("dc"), { gencap: 0x20, svcmap: 0x492, extdc: 0x101 })
  assert.deepStrictEqual(offer("sym;dc"), { gencap: 0x0401_002d, svcmap: 0x69a, extdc: 0x101 })
  assert.deepStrictEqual(offer("dc", 0x08), { gencap: 0, svcmap: 0x492, extdc: 0 })
  assert.notInclude(bits(offer("asym;sym").gencap), 1)
  assert.include(Either.getOrThrow(Either.flip(offerOf("wireless"))), { _tag: "EINVAL" })
})
