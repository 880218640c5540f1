/** Services by name, the map that each gives, and what no GEN4 device serves. */
import { assert, it } from "@effect/vitest"
import { ServiceMap } from "@stopcopy/qat"
import { Either } from "effect"

/** From the table of the register specification, and from the driver's firmware configuration for pairs with compression. */
const maps = [
  ["asym;sym", 0x71c],
  ["sym;asym", 0x71c],
  ["dc", 0x492],
  ["sym", 0x6db],
  ["asym", 0x924],
  ["sym;dc", 0x69a],
  ["dc;sym", 0x69a],
  ["asym;dc", 0x8a2],
  ["dc;asym", 0x8a2]
] as const

for (const [name, map] of maps) {
  it(`${name} is 0x${map.toString(16)}, whichever is named first, and back`, () => {
    assert.deepStrictEqual(ServiceMap.fromName(name), Either.right(map))
    const known = ServiceMap.nameOf(map)
    assert.deepStrictEqual(known?.split(";").toSorted(), name.split(";").toSorted())
    assert.deepStrictEqual(ServiceMap.fromName(known ?? ""), Either.right(map))
  })
}

it("dcc has the map of dc, and is read back as that", () => {
  assert.deepStrictEqual(ServiceMap.fromName("dcc"), Either.right(0x492))
  assert.strictEqual(ServiceMap.nameOf(0x492), "dc")
})

it("a map that no configuration gives has no name", () => {
  for (const map of [0, 0x249, 0x71d]) assert.isUndefined(ServiceMap.nameOf(map))
})

it.each(["", "crypto", "sym;", "sym;sym", "sym;asym;dc", "dcc;sym", "decomp", "SYM"])("'%s' is EINVAL", (name) => {
  const refused = Either.flip(ServiceMap.fromName(name))
  assert.include(Either.getOrThrow(refused), { _tag: "EINVAL", errno: 22 })
  assert.strictEqual(Either.getOrThrow(refused).refusal?.source, name)
})

it("the code of a bank, and of a ring pair of the device, repeats with the VFs", () => {
  assert.deepStrictEqual(
    [0, 1, 2, 3, 4, 5, 62, 63].map((pair) => ServiceMap.codeOf(0x71c, pair)),
    [4, 3, 4, 3, 4, 3, 4, 3]
  )
})
