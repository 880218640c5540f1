/** What the compiled parts hold and encode is what the schema says of it. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Either, FastCheck, ParseResult, Schema } from "effect"
import { fastPart } from "../src/internal/fastEncoder.ts"

const Bytes = Schema.transform(Schema.String, Schema.Uint8ArrayFromSelf, {
  strict: true,
  decode: (text) => new TextEncoder().encode(text),
  encode: (bytes) => new TextDecoder().decode(bytes)
})

const Inner = Schema.Struct({ text: Schema.String, big: Schema.BigInt.pipe(Schema.betweenBigInt(0n, 99n)) })

const Tagged = Schema.Union(
  Schema.TaggedStruct("A", { bytes: Bytes, count: Schema.Int.pipe(Schema.between(0, 9)) }),
  Schema.TaggedStruct("B", {
    inner: Schema.NullOr(Inner),
    maybe: Schema.optionalWith(Schema.Boolean, { exact: true })
  }),
  Schema.Union(
    Schema.TaggedStruct("C", { rows: Schema.Array(Inner), pair: Schema.Tuple(Schema.Literal(0, 1), Schema.Number) }),
    Schema.TaggedStruct("D", {})
  )
)

const Untagged = Schema.Union(Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.Number }))

const Other = Schema.Struct({
  map: Schema.HashMap({ key: Schema.String, value: Schema.Int }),
  record: Schema.Record({ key: Schema.String, value: Schema.Int }),
  either: Untagged,
  named: Schema.optionalWith(Schema.String, { default: () => "none" })
})

const schemas: ReadonlyArray<readonly [string, Schema.Schema<unknown, unknown>]> = [
  ["a union told apart by tags", Schema.make(Tagged.ast)],
  ["a union that is not", Schema.make(Untagged.ast)],
  ["what only the schema can do", Schema.make(Other.ast)]
]

it.each(schemas)("encodes values of %s as the schema does", (_, schema) => {
  const part = fastPart(Schema.parseJson(schema))
  const encode = Schema.encodeSync(schema)
  FastCheck.assert(
    FastCheck.property(Arbitrary.make(schema), (value) => {
      const expected = JSON.stringify(encode(value))
      if (part.holds(value) && !expected.includes("null")) assert.strictEqual(part.text(value), expected)
      // JSON has no other numbers.
      else assert.include(expected, "null")
    })
  )
})

it.each(schemas)("holds no value that is not of %s", (_, schema) => {
  const part = fastPart(Schema.parseJson(schema))
  const is = ParseResult.is(schema)
  const near = FastCheck.oneof(
    FastCheck.anything({ maxDepth: 2 }),
    Arbitrary.make(schema).chain((value) =>
      FastCheck.tuple(
        FastCheck.constantFrom(...Object.keys(Object(value)), "other"),
        FastCheck.anything({ maxDepth: 1 })
      ).map(([name, changed]) => ({ ...Object(value), [name]: changed }))
    )
  )
  FastCheck.assert(
    FastCheck.property(near, (value) => {
      assert.isTrue(!part.holds(value) || is(value))
    })
  )
})

it("leaves out what the schema does not know, and keeps the schema's order", () => {
  const schema = Schema.parseJson(Schema.Struct({ a: Schema.Int, b: Schema.BigInt }))
  const value = { other: 1, b: 2n, a: 1 }
  assert.strictEqual(fastPart(schema).text(value), '{"a":1,"b":"2"}')
  assert.isTrue(Either.isRight(Schema.encodeEither(schema)(value)))
})
