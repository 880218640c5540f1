/** Adler-32 against zlib's, from any beginning. */
import { assert, it } from "@effect/vitest"
import { deflateSync } from "node:zlib"
import { adler32, continueAdler32 } from "../../../src/engine/dc/Adler32.ts"
import { dataOf } from "../../support/dc/Data.ts"

const ofZlib = (data: Uint8Array): number => {
  const stream = deflateSync(data, { level: 1 })
  return stream.readUInt32BE(stream.length - 4)
}

const lengths = [0, 1, 7, 8, 9, 5551, 5552, 5553, 65_521, 70_000]

it("is zlib's, for every length and place, and for the largest sums", () => {
  for (const length of lengths) {
    for (const offset of [0, 1, 3]) {
      for (const data of [dataOf("random", length + offset), new Uint8Array(length + offset).fill(0xff)]) {
        assert.strictEqual(adler32(data.subarray(offset), 1), ofZlib(data.subarray(offset)))
      }
    }
  }
})

it("goes on from what came before, with the data or with their own sum", () => {
  const data = dataOf("mixed", 140_000)
  for (const length of lengths) {
    const [before, after] = [data.subarray(0, length), data.subarray(length)]
    assert.strictEqual(adler32(after, adler32(before, 1)), ofZlib(data))
    assert.strictEqual(continueAdler32(adler32(before, 1), adler32(after, 1), after.length), ofZlib(data))
  }
  for (const initial of [0, 1, 0xffff_ffff, 0xfff0_fff0, 0xfff1_fff1, 0x8f4d_1c09]) {
    assert.strictEqual(continueAdler32(initial, adler32(data, 1), data.length), adler32(data, initial))
  }
})
