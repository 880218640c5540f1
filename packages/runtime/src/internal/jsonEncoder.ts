/** Values to JSON text: through the schema, or, where the schema changes nothing, checked by it and written as they are. */
import { Schema } from "effect"
import type { Json } from "../Behavior.ts"
import { plainCheck } from "./plainCheck.ts"

/** Encodes values of `schema`. Throws what the schema says about a value outside it. */
export const jsonEncoder = <A>(schema: Json<A>): ((value: A) => string) => {
  const encode = Schema.encodeSync(schema)
  const { ast } = schema
  const isPlain = ast._tag === "Transformation" ? plainCheck(ast.to) : undefined
  return isPlain === undefined ? encode : (value) => (isPlain(value) ? JSON.stringify(value) : encode(value))
}
