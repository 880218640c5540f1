/** Reads the project's copy of a vector file: one JSON object with its cases. */
import { Schema } from "effect"
import { readFileSync } from "node:fs"

/** The cases of `name`, decoded; throws when the file does not have this shape. */
export const readCases = <A, I>(name: string, one: Schema.Schema<A, I>): ReadonlyArray<A> => {
  const text = readFileSync(new URL(`../../vectors/data/${name}`, import.meta.url), "utf8")
  return Schema.decodeSync(Schema.parseJson(Schema.Struct({ format: Schema.Literal(1), cases: Schema.Array(one) })))(
    text
  ).cases
}
