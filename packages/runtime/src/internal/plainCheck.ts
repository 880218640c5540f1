/**
 * A fast check that a value is of a schema whose encoded form is the value itself, with no field besides. It may say no where the schema
 * says yes (the schema then decides), never yes where the schema says no.
 */
import { Option, SchemaAST } from "effect"

/** True: the value is inside the schema and is its own encoded form. */
type Check = (value: unknown) => boolean

/** A plain object: no class of its own, whose `toJSON` or inherited fields JSON would see differently. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null || "toJSON" in value) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const isPlainArray = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value) && !("toJSON" in value)

const typeChecks: Partial<Record<SchemaAST.AST["_tag"], Check>> = {
  StringKeyword: (value) => typeof value === "string",
  // JSON has no other numbers.
  NumberKeyword: Number.isFinite,
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

/** The part of a schema that says what kind of value it is of. */
const kindOf = (ast: SchemaAST.AST): SchemaAST.AST => (SchemaAST.isRefinement(ast) ? kindOf(ast.from) : ast)

const isPrimitive = (ast: SchemaAST.AST): boolean =>
  ast._tag === "Literal" || (ast._tag in typeChecks && ast._tag !== "TypeLiteral")

/** The values of the literal fields of a struct, each with its name. */
const literalsOf = (ast: SchemaAST.AST): ReadonlyMap<PropertyKey, SchemaAST.LiteralValue> => {
  const literals = new Map<PropertyKey, SchemaAST.LiteralValue>()
  if (!SchemaAST.isTypeLiteral(ast)) return literals
  for (const { name, type } of ast.propertySignatures) if (SchemaAST.isLiteral(type)) literals.set(name, type.literal)
  return literals
}

/** The field whose literals tell all of these apart (`_tag`); undefined if there is none. */
const tellingField = (compound: ReadonlyArray<SchemaAST.AST>): PropertyKey | undefined => {
  const [first, ...others] = compound.map(literalsOf)
  if (first === undefined) return undefined
  return [...first.keys()].find((name) => {
    const values = new Set([first, ...others].map((literals) => literals.get(name)))
    return values.size === compound.length && !values.has(undefined)
  })
}

const isCompound = (member: SchemaAST.AST): boolean => !isPrimitive(kindOf(member))

/** The members of a union, those of unions in it included. */
const membersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  SchemaAST.isUnion(ast) ? ast.types.flatMap(membersOf) : [ast]

/**
 * Of a value that two members admit, the schema keeps what the first one knows: so at most one is not a primitive, or a field tells those
 * apart. `whole`: all members must be known; otherwise the check says no to values of those that are not.
 */
const unionCheck = (ast: SchemaAST.Union, whole: boolean): Check | undefined => {
  const types = membersOf(ast)
  const compound = types.filter(isCompound)
  const field = tellingField(compound.map(kindOf))
  if (compound.length > 1 && field === undefined) return undefined
  const members = types.map((member) => ({ member, check: plainCheck(member) }))
  const known = members.flatMap(({ check, member }) => (check === undefined ? [] : [{ check, member }]))
  if (known.length === 0 || (whole && known.length < members.length)) return undefined
  if (typeof field !== "string") return (value) => known.some(({ check }) => check(value))
  const byLiteral = new Map(
    known.flatMap(({ check, member }) =>
      isCompound(member) ? [[literalsOf(kindOf(member)).get(field), check] as const] : []
    )
  )
  const primitives = known.flatMap(({ check, member }) => (isCompound(member) ? [] : [check]))
  return (value) => {
    if (!isRecord(value)) return primitives.some((check) => check(value))
    const literal = value[field]
    return isLiteral(literal) && byLiteral.get(literal)?.(value) === true
  }
}

const isLiteral = (value: unknown): value is SchemaAST.LiteralValue =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"

const tupleCheck = (ast: SchemaAST.TupleType): Check | undefined => {
  const [rest, ...after] = ast.rest
  if (ast.elements.some(({ isOptional }) => isOptional) || after.length > 0) return undefined
  const elements = all(ast.elements.map(({ type }) => type))
  const others = rest === undefined ? () => false : plainCheck(rest.type)
  if (elements === undefined || others === undefined) return undefined
  return (value) => {
    if (!isPlainArray(value) || value.length < elements.length) return false
    // `every` passes over holes.
    for (let index = 0; index < value.length; index++) if (!(elements[index] ?? others)(value[index])) return false
    return true
  }
}

const fieldsOf = (ast: SchemaAST.TypeLiteral): ReadonlyMap<string, Check> | undefined => {
  const fields = new Map<string, Check>()
  for (const { isOptional, name, type } of ast.propertySignatures) {
    const check = plainCheck(type)
    if (check === undefined || typeof name !== "string" || isOptional) return undefined
    fields.set(name, check)
  }
  // Without fields the schema admits everything that is not nothing.
  return fields.size === 0 ? undefined : fields
}

/** Every field is there, each is right, and there are no others. */
const structCheck = (ast: SchemaAST.TypeLiteral): Check | undefined => {
  const fields = ast.indexSignatures.length > 0 ? undefined : fieldsOf(ast)
  if (fields === undefined) return undefined
  return (value) => {
    if (!isRecord(value)) return false
    let known = 0
    for (const name in value) {
      if (fields.get(name)?.(value[name]) !== true) return false
      known++
    }
    return known === fields.size
  }
}

/** Checks by their schemas: many systems of actors may come and go in one process, with the same behaviors. */
const checks = new WeakMap<SchemaAST.AST, { readonly check: Check | undefined }>()

/** The check for a part of a schema; undefined where values are not known to be their own encoded form. */
export const plainCheck = (ast: SchemaAST.AST): Check | undefined => {
  const known = checks.get(ast)
  if (known !== undefined) return known.check
  const check = makeCheck(ast)
  checks.set(ast, { check })
  return check
}

const makeCheck = (ast: SchemaAST.AST): Check | undefined => {
  switch (ast._tag) {
    case "Literal": {
      const { literal } = ast
      return typeof literal === "bigint" ? undefined : (value) => value === literal
    }
    case "Refinement":
      return refinementCheck(ast)
    case "Union":
      return unionCheck(ast, true)
    case "TupleType":
      return tupleCheck(ast)
    case "TypeLiteral":
      return structCheck(ast)
    default:
      return typeChecks[ast._tag]
  }
}

/** The same, where of a union only some members may be known: it says no to values of the others. */
export const plainPartCheck = (ast: SchemaAST.AST): Check | undefined =>
  SchemaAST.isUnion(ast) ? unionCheck(ast, false) : plainCheck(ast)
