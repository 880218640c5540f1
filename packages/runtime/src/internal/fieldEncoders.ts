/** One top-level field of a value to its JSON value, without encoding the fields beside it: a debugger follows single fields. */
import { Schema, SchemaAST } from "effect"
import type { Json } from "../Behavior.ts"

/** The schema of field `name` of the struct in `parseJson(struct)`; undefined where the value is no plain struct. */
const fieldSchema = <A>({ ast }: Json<A>, name: string): Schema.Schema<unknown, unknown> | undefined => {
  const struct = ast._tag === "Transformation" ? ast.to : ast
  if (!SchemaAST.isTypeLiteral(struct)) return undefined
  const property = struct.propertySignatures.find((each) => each.name === name)
  return property && Schema.make(property.type)
}

/** Encodes field `name` of `value`; undefined where that cannot be done alone. Throws where the field is outside its schema. */
type FieldEncoder<A> = (name: string, value: A) => { readonly json: unknown } | undefined

/** The encoders of the fields of `schema`, made when first used. */
export const fieldEncoders = <A>(schema: Json<A>): FieldEncoder<A> => {
  const made = new Map<string, ((field: unknown) => unknown) | undefined>()
  const encoderOf = (name: string) => {
    if (!made.has(name)) {
      const found = fieldSchema(schema, name)
      made.set(name, found && Schema.encodeSync(found))
    }
    return made.get(name)
  }
  return (name, value) => {
    const encode = encoderOf(name)
    if (encode === undefined || typeof value !== "object" || value === null) return undefined
    const field = Object.getOwnPropertyDescriptor(value, name)
    return field === undefined ? undefined : { json: encode(field.value) }
  }
}
