/** Both encoders give the text of `Schema.Uint8ArrayFromBase64`, and what they gave is read back. */
import { assert, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { BytesFromBase64, portableBase64, toBase64 } from "../src/Base64.ts"

const decode = Schema.decodeEither(BytesFromBase64)

it("is the same in plain JavaScript, by the system, and by Effect", () => {
  FastCheck.assert(
    FastCheck.property(FastCheck.uint8Array({ maxLength: 300 }), FastCheck.nat(20), (bytes, from) => {
      // A view into larger memory, as a part of a block is.
      const part = bytes.subarray(Math.min(from, bytes.length))
      const expected = Schema.encodeSync(Schema.Uint8ArrayFromBase64)(part)
      assert.strictEqual(portableBase64(part), expected)
      assert.strictEqual(toBase64(part), expected)
      assert.strictEqual(Schema.encodeSync(BytesFromBase64)(part), expected)
      assert.deepStrictEqual(Either.getOrThrow(decode(expected)), new Uint8Array(part))
    })
  )
})

it("refuses what is no base64", () => {
  for (const text of ["a", "====", "a*b=", "YQ=a"]) assert.isTrue(Either.isLeft(decode(text)), text)
})
