/** Values to JSON text: through the schema, or, where the schema changes nothing, checked by it and written as they are. */
import { Schema, SchemaAST } from "effect"
import type { Json } from "../Behavior.ts"

/** True if a value and its encoded form are the same for this part of a schema. What is not known to be is not. */
const isPlain = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "Literal":
      return typeof ast.literal !== "bigint"
    case "StringKeyword":
    case "NumberKeyword":
    case "BooleanKeyword":
    case "TemplateLiteral":
      return true
    case "Refinement":
      return isPlain(ast.from)
    case "Union":
      return ast.types.every(isPlain)
    case "TupleType":
      return [...ast.elements, ...ast.rest].every(({ type }) => isPlain(type))
    case "TypeLiteral":
      return (
        ast.indexSignatures.every(({ parameter, type }) => isPlain(parameter) && isPlain(type)) &&
        ast.propertySignatures.every(({ name, type }) => typeof name === "string" && isPlain(type))
      )
    default:
      return false
  }
}

/** The schema of the value in `parseJson(schema)`. */
const valueSchema = <A>(schema: Json<A>): Schema.Schema<A, A> | undefined => {
  const { ast } = schema
  if (ast._tag !== "Transformation" || !isPlain(ast.to)) return undefined
  return Schema.make<A>(ast.to)
}

/** Encodes values of `schema`. Throws what the schema says about a value outside it. */
export const jsonEncoder = <A>(schema: Json<A>): ((value: A) => string) => {
  const encode = Schema.encodeSync(schema)
  const plain = valueSchema(schema)
  if (plain === undefined) return encode
  const isExact = Schema.is(plain, { onExcessProperty: "error" })
  return (value) => (isExact(value) ? JSON.stringify(value) : encode(value))
}
