/** Values to JSON text: through the schema, or, where the schema changes nothing, checked by it and written as they are. */
import { Schema } from "effect"
import type { Json } from "../Behavior.ts"
import type { LazyText } from "../Envelope.ts"
import { plainCheck } from "./plainCheck.ts"

/** True if every value of this schema is its own encoded form. */
export const isPlain = <A>({ ast }: Json<A>): boolean =>
  ast._tag === "Transformation" && plainCheck(ast.to) !== undefined

/** The text of a value that is its own encoded form. */
class LazyJson implements LazyText {
  private readonly value: unknown

  constructor(value: unknown) {
    this.value = value
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
  const encode = Schema.encodeSync(schema)
  const { ast } = schema
  const isPlainValue = ast._tag === "Transformation" ? plainCheck(ast.to) : undefined
  return isPlainValue === undefined ? encode : (value) => (isPlainValue(value) ? new LazyJson(value) : encode(value))
}

/** Encodes values of `schema`. Throws what the schema says about a value outside it. */
export const jsonEncoder = <A>(schema: Json<A>): ((value: A) => string) => {
  const encode = Schema.encodeSync(schema)
  const { ast } = schema
  const isPlain = ast._tag === "Transformation" ? plainCheck(ast.to) : undefined
  return isPlain === undefined ? encode : (value) => (isPlain(value) ? JSON.stringify(value) : encode(value))
}
