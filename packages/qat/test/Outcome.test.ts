/** Outcomes packed and unpacked, and packed text that is not whole. */
import { assert, it } from "@effect/vitest"
import { type Outcome, pack, statusOf, unpack } from "@stopcopy/qat"
import { FastCheck } from "effect"

const piece = { address: FastCheck.bigUintN(64), length: FastCheck.nat(0xffff_ffff) }
const u32 = FastCheck.nat(0xffff_ffff)
const outcomes: FastCheck.Arbitrary<ReadonlyArray<Outcome>> = FastCheck.array(
  FastCheck.record({
    slot: u32,
    responseSlot: u32,
    input: u32,
    crc32: u32,
    response: FastCheck.uint8Array({ minLength: 32, maxLength: 32 }),
    written: FastCheck.array(FastCheck.record(piece), { maxLength: 4 }),
    fault: FastCheck.option(
      FastCheck.record({ ...piece, direction: FastCheck.constantFrom("read" as const, "write" as const) })
    )
  }),
  { maxLength: 5 }
)

it("what is packed comes back, in consecutive slots and in any", () => {
  FastCheck.assert(
    FastCheck.property(outcomes, FastCheck.boolean(), (some, inOrder) => {
      const all = some.map((each, index) =>
        inOrder ? { ...each, slot: 7 + index, responseSlot: (126 + index) % 128 } : each
      )
      assert.deepStrictEqual(unpack(pack(all)), all)
    }),
    { numRuns: 200 }
  )
})

const one: Outcome = {
  slot: 3,
  responseSlot: 4,
  input: 64,
  response: Uint8Array.from({ length: 32 }, (_, at) => at),
  written: [{ address: 0x1_0000_0040n, length: 64 }],
  crc32: 0xdead_beef,
  fault: { address: 2n ** 64n - 1n, length: 9, direction: "write" }
}

it("little endian, where the format says", () => {
  const short = {
    ...one,
    slot: 4,
    responseSlot: 5,
    fault: null,
    response: one.response.map((byte) => (byte < 9 ? byte : 0))
  }
  assert.strictEqual(
    Buffer.from(pack([one, short]), "base64").toString("hex"),
    [
      "40000000 efbeadde 0100 02 20 03000000 04000000",
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "ffffffffffffffff 09000000",
      "4000000001000000 40000000",
      "40000000 efbeadde 0100 04 09 000102030405060708 4000000001000000 40000000"
    ]
      .join("")
      .replaceAll(" ", "")
  )
  assert.strictEqual(statusOf(one), 6)
})

it("what is not whole is left out, and other text has none", () => {
  const text = Buffer.from(pack([one, one]), "base64")
  for (let length = 0; length < text.length; length++) {
    const found = unpack(text.subarray(0, length).toString("base64"))
    assert.deepStrictEqual(found, length < text.length / 2 ? [] : [one])
  }
  assert.deepStrictEqual(unpack("no base64!"), [])
})
