/** Bytes on the wire: base64 as everybody writes it, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { Either, Encoding, FastCheck, Schema } from "effect"
import { Bytes } from "../src/Values.ts"

const encode = Schema.encodeSync(Bytes)
const decode = Schema.decodeEither(Bytes)

describe("bytes", () => {
  it("are the base64 of Effect, there and back, also as a part of something", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ maxLength: 200 }), FastCheck.nat(20), (bytes, from) => {
        const part = bytes.subarray(from)
        const text = encode(part)
        assert.strictEqual(text, Encoding.encodeBase64(part))
        assert.deepStrictEqual(Either.getOrThrow(decode(text)), Uint8Array.from(part))
      })
    )
  })

  it("that are no base64 are refused, and not shown", () => {
    for (const text of ["a", "YQ", "YQ=", "YQ==\n", "Y Q=", "YQ==YQ==", "Y-_=", "YR==", "=", "ä==="]) {
      const read = decode(text)
      assert.isTrue(Either.isLeft(read), text)
      if (Either.isLeft(read)) {
        assert.include(read.left.message, `bytes are base64, with padding`)
        assert.notInclude(read.left.message, "YQ")
      }
    }
  })
})
