/**
 * A fast check that a value is of a schema whose encoded form is the value itself, with no field besides. It may say no where the schema
 * says yes (the schema then decides), never yes where the schema says no.
 */
import { Option, SchemaAST } from "effect"

/** True: the value is inside the schema and is its own encoded form. */
export type Check = (value: unknown) => boolean

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const typeChecks: Partial<Record<SchemaAST.AST["_tag"], Check>> = {
  StringKeyword: (value) => typeof value === "string",
  NumberKeyword: (value) => typeof value === "number",
  BooleanKeyword: (value) => typeof value === "boolean"
}

/** All of `parts`, or nothing if one is not known. */
const all = (parts: ReadonlyArray<SchemaAST.AST>): ReadonlyArray<Check> | undefined => {
  const checks = parts.map(plainCheck)
  const known = checks.filter((check) => check !== undefined)
  return known.length === checks.length ? known : undefined
}

const refinementCheck = (ast: SchemaAST.Refinement): Check | undefined => {
  const from = plainCheck(ast.from)
  return from && ((value) => from(value) && Option.isNone(ast.filter(value, SchemaAST.defaultParseOption, ast)))
}

const unionCheck = (ast: SchemaAST.Union): Check | undefined => {
  const members = all(ast.types)
  return members && ((value) => members.some((member) => member(value)))
}

const tupleCheck = (ast: SchemaAST.TupleType): Check | undefined => {
  const [rest, ...after] = ast.rest
  if (ast.elements.some(({ isOptional }) => isOptional) || after.length > 0) return undefined
  const elements = all(ast.elements.map(({ type }) => type))
  const others = rest === undefined ? () => false : plainCheck(rest.type)
  if (elements === undefined || others === undefined) return undefined
  return (value) =>
    Array.isArray(value) &&
    value.length >= elements.length &&
    value.every((item, index) => (elements[index] ?? others)(item))
}

interface Field {
  readonly name: string
  readonly check: Check
}

const fieldsOf = (ast: SchemaAST.TypeLiteral): ReadonlyArray<Field> | undefined => {
  const fields: Array<Field> = []
  for (const { isOptional, name, type } of ast.propertySignatures) {
    const check = plainCheck(type)
    if (check === undefined || typeof name !== "string" || isOptional) return undefined
    fields.push({ name, check })
  }
  return fields
}

/** Every field is there, each is right, and there are no others, inherited ones included. */
const structCheck = (ast: SchemaAST.TypeLiteral): Check | undefined => {
  const fields = ast.indexSignatures.length > 0 ? undefined : fieldsOf(ast)
  if (fields === undefined) return undefined
  return (value) => {
    if (!isRecord(value)) return false
    let known = 0
    for (const _ in value) known++
    if (known !== fields.length) return false
    for (const { check, name } of fields) if (!check(value[name])) return false
    return true
  }
}

/** The check for a part of a schema; undefined where values are not known to be their own encoded form. */
export const plainCheck = (ast: SchemaAST.AST): Check | undefined => {
  switch (ast._tag) {
    case "Literal": {
      const { literal } = ast
      return typeof literal === "bigint" ? undefined : (value) => value === literal
    }
    case "Refinement":
      return refinementCheck(ast)
    case "Union":
      return unionCheck(ast)
    case "TupleType":
      return tupleCheck(ast)
    case "TypeLiteral":
      return structCheck(ast)
    default:
      return typeChecks[ast._tag]
  }
}
