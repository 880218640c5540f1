/** Asymmetric requests: 64 bytes, each answered with an error in the layout of its own. */
import { assert, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { answerAsymmetric } from "../../src/engine/Asymmetric.ts"

it("fails, with the opaque data and both addresses where drivers look for them", () => {
  const request = Uint8Array.from({ length: 64 }, (_, index) => index)
  request.set([0, 0, 3, 0x80])
  const echo = Array.from({ length: 24 }, (_, index) => 24 + index)
  assert.deepStrictEqual([...answerAsymmetric(request)], [0, 0, 3, 0x80, 0xf3, 0x40, 0, 0, ...echo])
})

it.prop("any bytes are answered", [fc.uint8Array({ minLength: 0, maxLength: 128 })], ([bytes]) => {
  const response = answerAsymmetric(bytes)
  assert.strictEqual(response.length, 32)
  assert.deepStrictEqual([response[3], response[5]], [0x80, 0x40])
})
