/** Values to JSON text: through the schema, or, where the schema changes nothing, checked by it and written as they are. */
import { Schema } from "effect"
import type { Json } from "../Behavior.ts"
import type { LazyText } from "../Envelope.ts"
import { fastPart, hasOtherNumber, otherNumber } from "./fastEncoder.ts"
import { isRecord, plainCheck, plainPartCheck } from "./plainCheck.ts"

/** True if every value of this schema is its own encoded form. */
export const isPlain = <A>({ ast }: Json<A>): boolean =>
  ast._tag === "Transformation" && plainCheck(ast.to) !== undefined

/** Tells whether a value is of this schema and its own encoded form; undefined where that is not known of any value. */
export const plainGuard = <A>(schema: Json<A>): ((value: unknown) => value is A) | undefined => {
  const check = plainCheckOf(schema)
  return check && ((value): value is A => check(value))
}

/**
 * Encodes values of `schema` with fields in the schema's order, so that equal values have equal texts. Throws what the schema says about a
 * value outside it, and for a number that JSON does not have.
 */
export const throughSchema = <A>(schema: Json<A>): ((value: A) => string) => {
  const { ast } = schema
  if (ast._tag !== "Transformation") return Schema.encodeSync(schema)
  const encode = Schema.encodeSync(Schema.make<A, unknown>(ast.to))
  const fast = fastPart(schema)
  return (value) => {
    const told = fast.holds(value) ? fast.text(value) : undefined
    if (told !== undefined) return told
    // What is wrong with it, the schema says.
    const encoded = encode(value)
    const text = JSON.stringify(encoded)
    if (text.includes("null") && hasOtherNumber(encoded)) throw new RangeError(`${otherNumber} (${text})`)
    return text
  }
}

const plainCheckOf = <A>({ ast }: Json<A>) => (ast._tag === "Transformation" ? plainPartCheck(ast.to) : undefined)

/** Characters that a number, a boolean or `null` is counted as. */
const scalarLength = 8

/** Quotes and a colon or comma around a name or a text. */
const marks = 3

/** Characters of the JSON text of plain data, roughly: escaped ones are counted once. Runs for every append: it allocates nothing. */
const jsonLength = (value: unknown): number => {
  if (typeof value === "string") return value.length + marks
  if (typeof value !== "object" || value === null) return scalarLength
  let length = marks
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) length += jsonLength(value[index])
  } else if (isRecord(value)) {
    for (const name in value) length += name.length + marks + jsonLength(value[name])
  }
  return length
}

/** The text of a value that is its own encoded form. */
class LazyJson implements LazyText {
  readonly length: number
  private readonly value: unknown

  constructor(value: unknown) {
    this.value = value
    this.length = jsonLength(value)
  }

  text(): string {
    return JSON.stringify(this.value)
  }
}

/**
 * As `jsonEncoder`, for values that nobody changes: where a value is its own encoded form, it is checked now, and its text is made when
 * somebody reads it.
 */
export const lazyJsonEncoder = <A>(schema: Json<A>): ((value: A) => string | LazyText) => {
  const encode = throughSchema(schema)
  const check = plainCheckOf(schema)
  return check === undefined ? encode : (value) => (check(value) ? new LazyJson(value) : encode(value))
}

/** As `throughSchema`, but values that are their own encoded form keep their fields' order. */
export const jsonEncoder = <A>(schema: Json<A>): ((value: A) => string) => {
  const encode = throughSchema(schema)
  const check = plainCheckOf(schema)
  return check === undefined ? encode : (value) => (check(value) ? JSON.stringify(value) : encode(value))
}
