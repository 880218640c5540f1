/** Binary or hexadecimal text, and what is neither. */
import { assert, it } from "@effect/vitest"
import { assertRight } from "@effect/vitest/utils"
import { Either, FastCheck as fc } from "effect"
import { blockOf, inputLimit } from "../../src/decode/BlockInput.ts"
import { sampleBlock } from "../sampleBlock.ts"

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const misuse = (bytes: Uint8Array): string => {
  const result = blockOf(bytes, "IN")
  if (Either.isRight(result)) return "no misuse"
  assert.notInclude(result.left.message, "\n")
  return result.left.message
}

it("binary is taken as it is, also when it is short", () => {
  assertRight(blockOf(sampleBlock(), "IN"), sampleBlock())
  assertRight(blockOf(sampleBlock().subarray(0, 90), "IN"), sampleBlock().subarray(0, 90))
})

it("a corrupt binary is still binary", () => {
  const block = sampleBlock()
  block[0] = 0x30
  assertRight(blockOf(block, "IN"), block)
})

const separators = fc.array(fc.constantFrom("", " ", "\n", "\r\n", "\t", " 0x"), { minLength: 4096, maxLength: 4096 })
it.prop(
  "hex text may have white space and 0x, and may leave out zeroes at its end",
  [separators, fc.integer({ min: 2364, max: 4096 })],
  ([between, length]) => {
    const digits = [...sampleBlock().subarray(0, length)].map(
      (byte, index) => `${between[index]}${byte.toString(16).padStart(2, "0")}`
    )
    const input = text(digits.join(""))
    if (input.byteLength <= inputLimit) assertRight(blockOf(input, "IN"), sampleBlock())
  },
  { fastCheck: { numRuns: 20 } }
)

it("capital digits are digits", () => {
  assertRight(blockOf(text(hexOf(sampleBlock()).toUpperCase()), "IN"), sampleBlock())
})

it("each wrong input is one line that names the input and what is wrong", () => {
  const cases: ReadonlyArray<readonly [Uint8Array, string]> = [
    [new Uint8Array(0), "IN is empty"],
    [text(" \n"), "IN is empty"],
    [text("ea ca g5"), '"g" is no hexadecimal digit'],
    [text("ea ca f"), "odd number of hexadecimal digits (5)"],
    [text("00".repeat(4097)), "IN has 4097 bytes"],
    [new Uint8Array(5000), "IN has 5000 bytes"],
    [new Uint8Array(inputLimit + 1), `IN has more than ${inputLimit} bytes`]
  ]
  for (const [input, reason] of cases) assert.include(misuse(input), reason)
})
