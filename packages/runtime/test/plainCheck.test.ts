/** Whenever `plainCheck` says yes, JSON of the value is what the schema would have made of it, and comes back as the value. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Either, FastCheck, Schema } from "effect"
import { isDeepStrictEqual } from "node:util"
import { jsonEncoder } from "../src/internal/jsonEncoder.ts"
import { plainCheck, plainPartCheck } from "../src/internal/plainCheck.ts"

/** Names that a field may have. Not those that every object inherits: unions of Effect's stumble over them. */
const names = ["a", "b", "_tag", "toJSON"] as const

/** Whatever a schema is of: the generator knows its values as data. */
const schemaOf = ({ ast }: Schema.Schema.AnyNoContext): Schema.Schema<unknown> => Schema.make<unknown>(ast)

const scalars = [
  Schema.String,
  Schema.Number,
  Schema.Int,
  Schema.Boolean,
  Schema.Literal("x"),
  Schema.Literal("y", 1),
  Schema.NonEmptyString,
  Schema.Number.pipe(Schema.between(-2, 2))
].map(schemaOf)

/** A schema of structs, arrays, tuples, unions and scalars, some levels deep. */
const { schema: schemas } = FastCheck.letrec<{ schema: Schema.Schema<unknown> }>((tie) => ({
  schema: FastCheck.oneof(
    { maxDepth: 3 },
    FastCheck.constantFrom(...scalars),
    FastCheck.array(tie("schema"), { minLength: 1, maxLength: 3 }).map((members) => schemaOf(Schema.Union(...members))),
    tie("schema").map((item) => schemaOf(Schema.NullOr(item))),
    tie("schema").map((item) => schemaOf(Schema.Array(item))),
    FastCheck.array(tie("schema"), { maxLength: 2 }).map((items) => schemaOf(Schema.Tuple(...items))),
    FastCheck.array(FastCheck.tuple(FastCheck.constantFrom(...names), tie("schema")), { maxLength: 3 }).map((fields) =>
      schemaOf(Schema.Struct(Object.fromEntries(fields)))
    )
  )
}))

/** Values that are almost right: other keys, other types, numbers that JSON does not have, objects that are not plain. */
const odd: FastCheck.Arbitrary<unknown> = FastCheck.oneof(
  FastCheck.constantFrom<Array<unknown>>(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    null,
    1n,
    Symbol("s"),
    "x",
    1,
    [],
    {},
    new Date(0),
    new Map(),
    () => 1
  ),
  FastCheck.anything({ maxDepth: 2, withNullPrototype: true, withSparseArray: true })
)

/** What may be done to an object on its way: a change that JSON sees otherwise than the schema. */
const twists: ReadonlyArray<(value: object) => unknown> = [
  (value) => value,
  (value) => Object.assign(Object.create({ a: 1 }), value),
  (value) => Object.create(value),
  (value) => ({ ...value, toJSON: () => "surprise" }),
  (value) => Object.defineProperty({ ...value }, "toJSON", { value: () => "surprise" }),
  (value) => ({ ...value, excess: 1 }),
  (value) => ({ ...value, [Symbol("s")]: 1 }),
  (value) => Object.fromEntries(Object.entries(value).slice(1)),
  (value) => JSON.parse(`{"__proto__":{"a":1},${JSON.stringify({ ...value }).slice(1)}`.replace(",}", "}")),
  (value) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.keys(value).map((key) => [key, { get: () => Reflect.get(value, key), enumerable: true }])
      )
    )
]

const twisted = (values: FastCheck.Arbitrary<unknown>): FastCheck.Arbitrary<unknown> =>
  FastCheck.tuple(values, FastCheck.constantFrom(...twists)).map(([value, twist]) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? twist(value) : value
  )

/** -0 has no JSON of its own, in no schema. */
const withoutMinusZero = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const pairs = schemas.chain((schema) =>
  FastCheck.tuple(
    FastCheck.constant(schema),
    FastCheck.oneof({ weight: 3, arbitrary: twisted(Arbitrary.make(schema)) }, { weight: 1, arbitrary: twisted(odd) })
  )
)

it("a yes means: inside the schema, its own encoded form, the same JSON, and the same value from it", () => {
  let yes = 0
  FastCheck.assert(
    FastCheck.property(pairs, ([schema, value]) => {
      const isYes = plainCheck(schema.ast)?.(value) === true
      if (isYes) assert.isTrue(plainPartCheck(schema.ast)?.(value))
      if (plainPartCheck(schema.ast)?.(value) !== true) return
      yes++
      const text = JSON.stringify(value)
      const encoded = Schema.encodeUnknownSync(Schema.parseJson(schema))(value)
      assert.isTrue(isDeepStrictEqual(JSON.parse(encoded), JSON.parse(text)), `${text} is not ${encoded}`)
      const decoded = Either.getOrThrow(Schema.decodeUnknownEither(Schema.parseJson(schema))(text))
      assert.isTrue(isDeepStrictEqual(withoutMinusZero(decoded), withoutMinusZero(value)))
      assert.isTrue(Either.isRight(Schema.validateEither(schema)(value)))
    }),
    { numRuns: 600 }
  )
  assert.isAbove(yes, 80)
})

const A = Schema.Struct({ a: Schema.Number })
const AB = Schema.Struct({ a: Schema.Number, b: Schema.Number })

class Wrapped {
  readonly a = 1
  toJSON(): string {
    return "surprise"
  }
}

it("no to what JSON sees otherwise than the schema", () => {
  const sparse: Array<number> = []
  sparse[1] = 1
  const cases: ReadonlyArray<readonly [Schema.Schema.AnyNoContext, unknown]> = [
    [A, new Wrapped()],
    [A, Object.create({ a: 1 })],
    [A, Object.defineProperty({ z: 1 }, "a", { value: 1 })],
    [A, { a: Number.NaN }],
    [A, { a: 1, b: 2 }],
    [Schema.Array(Schema.Number), sparse],
    [Schema.Array(Schema.Number), Object.assign([1], { toJSON: () => "surprise" })],
    [Schema.Union(A, AB), { a: 1, b: 2 }],
    [Schema.Struct({ toString: Schema.Struct({}) }), { x: 1 }],
    [Schema.Struct({}), { x: 1 }]
  ]
  for (const [schema, value] of cases) assert.isFalse(plainCheck(schema.ast)?.(value) ?? false)
})

it("yes to plain structs, and to unions that a tag tells apart", () => {
  const tagged = Schema.Union(Schema.TaggedStruct("A", { a: Schema.Number }), Schema.TaggedStruct("B", {}), Schema.Null)
  for (const value of [{ _tag: "A", a: 1 }, { _tag: "B" }, null]) assert.isTrue(plainCheck(tagged.ast)?.(value))
  assert.isTrue(plainCheck(Schema.NullOr(A).ast)?.({ a: 0 }))
})

it("of a union with members that are not plain: yes to values of the others only, where a tag tells them apart", () => {
  const mixed = Schema.Union(
    Schema.TaggedStruct("A", { a: Schema.Number }),
    Schema.TaggedStruct("B", { bytes: Schema.Uint8ArrayFromBase64 })
  )
  assert.isUndefined(plainCheck(mixed.ast))
  const check = plainPartCheck(mixed.ast)
  assert.isTrue(check?.({ _tag: "A", a: 1 }))
  for (const value of [{ _tag: "B", bytes: new Uint8Array(1) }, { _tag: "C" }, { a: 1 }, null, "A"]) {
    assert.isFalse(check?.(value))
  }
  const encode = jsonEncoder(Schema.parseJson(mixed))
  assert.strictEqual(encode({ _tag: "A", a: 1 }), '{"_tag":"A","a":1}')
  assert.strictEqual(encode({ _tag: "B", bytes: new Uint8Array(1) }), '{"_tag":"B","bytes":"AA=="}')
  assert.isUndefined(plainPartCheck(Schema.Union(A, Schema.Struct({ b: Schema.BigInt })).ast))
})

it("what is not plain goes through the schema: excess fields are left out, values outside it throw", () => {
  const encode = jsonEncoder(Schema.parseJson(A))
  const excess = { a: 1, b: 2 }
  assert.strictEqual(encode(excess), '{"a":1}')
  assert.strictEqual(encode(new Wrapped()), '{"a":1}')
  assert.throws(
    () => jsonEncoder(Schema.parseJson(Schema.Struct({ a: Schema.Int })))({ a: 0.5 }),
    /Expected an integer/
  )
})

it("a number that JSON does not have is not written as null: nobody could read it back", () => {
  const nested = Schema.Struct({ list: Schema.Array(Schema.NullOr(Schema.Number)), bytes: Schema.Uint8ArrayFromBase64 })
  const encode = jsonEncoder(Schema.parseJson(nested))
  const bytes = new Uint8Array(1)
  assert.strictEqual(encode({ list: [1, null], bytes }), '{"list":[1,null],"bytes":"AA=="}')
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => encode({ list: [null, bad], bytes }), /use a schema that encodes them/)
    assert.throws(() => jsonEncoder(Schema.parseJson(A))({ a: bad }), RangeError)
  }
  assert.strictEqual(jsonEncoder(Schema.parseJson(Schema.JsonNumber.pipe(Schema.NullOr)))(null), "null")
})
