/** Empty, nearly empty, nearly full and full of one ring, against the rules of the register model. */
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { movePointer, pokeRing, reset } from "../src/RegisterFile.ts"
import { isEmpty, isFull, ringBytes, ringStatus, statusOf } from "../src/RingStatus.ts"

it("a ring has 128 bytes to 4 MiB by its size code; other codes are no ring", () => {
  const sizes = Array.from({ length: 32 }, (_, code) => ringBytes(code))
  const kib = 1024
  assert.deepStrictEqual(
    sizes.slice(0, 17),
    [0, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map((size) => size * kib)
  )
  assert.isTrue(sizes.slice(17).every((size) => size === 0))
  assert.strictEqual(ringBytes(0xffff_ffe8), 16 * kib)
})

const nearly = (low: number, high: number): number => 0x8 | (low << 5) | (high << 10)

/** Configuration, head, tail, last write to the tail; empty, nearly empty, nearly full, full. Rings of 16 KiB. */
const rows: ReadonlyArray<readonly [string, number, number, number, boolean, ReadonlyArray<boolean>]> = [
  ["not configured, whatever its pointers", 0, 0x80, 0x80, true, [true, true, false, false]],
  ["empty", 0x8, 0x80, 0x80, false, [true, true, false, false]],
  ["full", 0x8, 0x80, 0x80, true, [false, false, true, true]],
  ["one message", 0x8, 0, 0x80, true, [false, false, false, false]],
  ["all but one message", 0x8, 0x80, 0, true, [false, false, false, false]],
  ["at the nearly-empty mark of 512 bytes", nearly(8, 0), 0x80, 0x280, true, [false, true, false, false]],
  ["above it", nearly(8, 0), 0x80, 0x2a0, true, [false, false, false, false]],
  ["at the nearly-full mark of 512 bytes", nearly(0, 8), 0x200, 0, true, [false, false, true, false]],
  ["below it", nearly(0, 8), 0x220, 0, false, [false, false, false, false]],
  ["a watermark code without a meaning counts as off", nearly(3, 31), 0, 0x20, true, [false, false, false, false]]
]

describe("the status of a ring", () => {
  for (const [name, config, head, tail, tailLast, expected] of rows) {
    it(`${name}`, () => {
      const { empty, full, nearlyEmpty, nearlyFull } = ringStatus(config, head, tail, tailLast)
      assert.deepStrictEqual([empty, nearlyEmpty, nearlyFull, full], expected)
    })
  }
})

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

it.prop(
  "empty and full exclude each other, and imply nearly empty and nearly full",
  [u32, u32, u32, fc.boolean()],
  ([config, head, tail, tailLast]) => {
    const { empty, full, nearlyEmpty, nearlyFull } = ringStatus(config, head, tail, tailLast)
    assert.isFalse(empty && full)
    if (empty) assert.isTrue(nearlyEmpty)
    if (full) assert.isTrue(nearlyFull)
  }
)

it("empty and full alone are what the whole status says", () => {
  const pointer = fc.constantFrom(0, 0x80, 0x100)
  fc.assert(
    fc.property(fc.constantFrom(0, 0x8, 0x1f), pointer, pointer, fc.boolean(), (config, head, tail, tailLast) => {
      const file = reset()
      pokeRing(file, 1, 1, "CONFIG", config)
      if (tailLast) movePointer(file, 1, 1, "HEAD", head)
      movePointer(file, 1, 1, "TAIL", tail)
      if (!tailLast) movePointer(file, 1, 1, "HEAD", head)
      const { empty, full } = statusOf(file, 1, 1)
      assert.deepStrictEqual([isEmpty(file, 1, 1), isFull(file, 1, 1)], [empty, full])
    })
  )
})
