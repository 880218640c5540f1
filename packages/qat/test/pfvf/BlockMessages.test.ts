/** Block messages byte by byte: both blocks, their checksums, and every error in the order in which the driver looks for it. */
import { assert, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type BlockRequest, type Providers, readBlock } from "../../src/pfvf/BlockMessages.ts"
import { crc8 } from "../../src/pfvf/Crc8.ts"
import { facts } from "../driver/vf.ts"

const pf = { ...facts, svcmap: 0x71c, gencap: 0x0400_0021, extdc: 0x101 }

it("the checksum has the check value of its polynomial", () => {
  assert.strictEqual(crc8(new TextEncoder().encode("123456789")), 0x64)
  assert.strictEqual(crc8(new Uint8Array(0)), 0xff)
})

/** Data of a request: type and byte number as the sizes place them. */
const typeBits = { SMALL_BLOCK_REQ: 4, MEDIUM_BLOCK_REQ: 3, LARGE_BLOCK_REQ: 2 } as const
const ask = (request: BlockRequest, type: number, byte: number, crc = false) =>
  type | (byte << typeBits[request]) | (crc ? 0x200 : 0)
const small = (type: number, byte: number, crc = false) =>
  readBlock("SMALL_BLOCK_REQ", ask("SMALL_BLOCK_REQ", type, byte, crc), pf)

const data = (byte: number) => byte << 2
const crc = (byte: number) => 1 | (byte << 2)
const error = (code: number) => 2 | (code << 2)

it("the ring-to-service map, and its checksum over one to four bytes", () => {
  assert.deepStrictEqual(
    [0, 1, 2, 3].map((byte) => small(3, byte)),
    [1, 2, 0x1c, 7].map(data)
  )
  assert.deepStrictEqual(
    [0, 1, 2, 3].map((byte) => small(3, byte, true)),
    [0xab, 0x8b, 0xd3, 0xac].map(crc)
  )
})

it("the capabilities: version 2, eight bytes, first extended compression, then the mask", () => {
  const block = [2, 8, 0x01, 0x01, 0, 0, 0x21, 0, 0, 0x04]
  assert.deepStrictEqual(
    block.map((_, byte) => small(2, byte)),
    block.map(data)
  )
  assert.strictEqual(small(2, 9, true), crc(crc8(Uint8Array.from(block))))
})

it("a byte behind the block is error 1, also for a checksum", () => {
  assert.deepStrictEqual(
    [small(3, 4), small(3, 31), small(2, 10), small(3, 4, true)],
    Array.from({ length: 4 }, () => error(1))
  )
})

it("a type that nobody provides is error 0: of each size all but 2 and 3", () => {
  for (let type = 0; type < 16; type++) {
    if (type !== 2 && type !== 3) assert.strictEqual(small(type, 0), error(0))
  }
  for (let type = 0; type < 8; type++) {
    assert.strictEqual(readBlock("MEDIUM_BLOCK_REQ", ask("MEDIUM_BLOCK_REQ", type, 0), pf), error(0))
    assert.strictEqual(readBlock("LARGE_BLOCK_REQ", ask("LARGE_BLOCK_REQ", type & 3, 0), pf), error(0))
  }
})

const sizes = [
  ["SMALL_BLOCK_REQ", 5, 31],
  ["MEDIUM_BLOCK_REQ", 16, 63],
  ["LARGE_BLOCK_REQ", 27, 127]
] as const

for (const [request, type, limit] of sizes) {
  const first = { SMALL_BLOCK_REQ: 0, MEDIUM_BLOCK_REQ: 16, LARGE_BLOCK_REQ: 24 }[request]
  const providing = (bytes: number): Providers => new Map([[type, () => new Uint8Array(bytes).fill(7)]])
  const read = (byte: number, known: Providers) => readBlock(request, ask(request, type - first, byte), pf, known)

  it(`${request}: a block of ${limit - 1} bytes can be read to its last byte, one of ${limit} is error 2`, () => {
    assert.strictEqual(read(limit - 2, providing(limit - 1)), data(7))
    assert.strictEqual(read(limit - 1, providing(limit - 1)), error(1))
    assert.strictEqual(read(0, providing(limit)), error(2))
    assert.strictEqual(read(limit, providing(limit)), error(2))
  })

  it(`${request}: a block that cannot be made is error 3`, () => {
    assert.strictEqual(read(0, new Map([[type, () => undefined]])), error(3))
  })
}

it.prop(
  "whatever the data, the answer is a byte, a checksum or an error",
  [fc.constantFrom(...sizes.map(([request]) => request)), fc.integer({ min: 0, max: 0xff_ffff })],
  ([request, word]) => {
    const answer = readBlock(request, word, pf)
    assert.include([0, 1, 2], answer & 3)
    assert.isBelow(answer, 0x400)
  }
)
