/**
 * Checks and encoders compiled from a schema part by part, several times faster than the schema's own: what is a struct, a union told apart by a literal field,
 * an array or a primitive is done here, everything else by the schema. A value that `holds` is of the schema, and `encode` gives what the schema would.
 */
import { Option, ParseResult, Schema, SchemaAST } from "effect"
import type { Json } from "../Behavior.ts"

/** One part of a schema. */
interface Part {
  /** True: the value is of the schema. False: it is not, or has a number that JSON does not have; the schema says what is wrong. */
  readonly holds: (value: unknown) => boolean
  /** The encoded form of a value that holds, with fields in the schema's order. */
  readonly encode: (value: unknown) => unknown
}

const same = (value: unknown): unknown => value

const plain = (holds: Part["holds"]): Part => ({ holds, encode: same })

const bytesIdentifier = "Uint8ArrayFromSelf"

/** Whether the value is of this part as the schema has it. */
const isOf = (ast: SchemaAST.AST): Part["holds"] => {
  const type = SchemaAST.typeAST(ast)
  const identifier = Option.getOrUndefined(SchemaAST.getIdentifierAnnotation(type))
  if (identifier === bytesIdentifier) return (value) => value instanceof Uint8Array
  if (SchemaAST.isBigIntKeyword(type)) return (value) => typeof value === "bigint"
  const is = ParseResult.is(Schema.make<unknown>(type))
  return (value) => is(value)
}

/** Whether a number that JSON does not have (it writes `null` for it) is somewhere in an encoded value. */
export const hasOtherNumber = (value: unknown): boolean => {
  if (typeof value === "number") return !Number.isFinite(value)
  return typeof value === "object" && value !== null && Object.values(value).some(hasOtherNumber)
}

/** A part that the schema encodes. Encoding throws where that has a number that JSON does not have. */
const leaf = (ast: SchemaAST.AST): Part => {
  const encode = Schema.encodeSync(Schema.make<unknown, unknown>(ast))
  return {
    holds: isOf(ast),
    encode: (value) => {
      const encoded = encode(value)
      if (typeof encoded !== "string" && hasOtherNumber(encoded)) throw new RangeError(otherNumber)
      return encoded
    }
  }
}

/** Why a value cannot be kept. */
export const otherNumber = "NaN and infinite numbers are not kept by JSON: use a schema that encodes them"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What a filter of numbers says in JSON schema; undefined for a filter that is none of these. */
const bounds = (ast: SchemaAST.Refinement): ((value: unknown) => boolean) | undefined => {
  const id = Option.getOrUndefined(SchemaAST.getSchemaIdAnnotation(ast))
  if (id === Schema.IntSchemaId) return Number.isSafeInteger
  const { maximum, minimum }: { readonly maximum?: unknown; readonly minimum?: unknown } = Option.getOrElse(
    SchemaAST.getJSONSchemaAnnotation(ast),
    () => ({})
  )
  const isRange = id === Schema.BetweenSchemaId && typeof minimum === "number" && typeof maximum === "number"
  if (isRange) return (value) => typeof value === "number" && value >= minimum && value <= maximum
  return id === Schema.GreaterThanOrEqualToSchemaId && typeof minimum === "number"
    ? (value) => typeof value === "number" && value >= minimum
    : undefined
}

const refinement = (ast: SchemaAST.Refinement): Part => {
  const from = partOf(ast.from)
  const inside = bounds(ast)
  if (inside !== undefined) return { holds: (value) => from.holds(value) && inside(value), encode: from.encode }
  return {
    holds: (value) => from.holds(value) && Option.isNone(ast.filter(value, SchemaAST.defaultParseOption, ast)),
    encode: from.encode
  }
}

interface Field extends Part {
  readonly name: string
  readonly isOptional: boolean
}

const struct = (ast: SchemaAST.TypeLiteral): Part => {
  const fields: Array<Field> = []
  for (const { isOptional, name, type } of ast.propertySignatures) {
    if (typeof name !== "string") return leaf(ast)
    fields.push({ name, isOptional, ...partOf(type) })
  }
  if (fields.length === 0 || ast.indexSignatures.length > 0) return leaf(ast)
  return {
    holds: (value) => {
      if (!isRecord(value)) return false
      for (const { holds, isOptional, name } of fields) {
        if (isOptional && !Object.hasOwn(value, name)) continue
        if (!holds(value[name])) return false
      }
      return true
    },
    encode: (value) => {
      const encoded: Record<string, unknown> = {}
      if (!isRecord(value)) return encoded
      for (const { encode, isOptional, name } of fields) {
        if (isOptional && !Object.hasOwn(value, name)) continue
        encoded[name] = encode(value[name])
      }
      return encoded
    }
  }
}

/** The literal that every value of this struct has in field `name`. */
const literalIn = (ast: SchemaAST.AST, name: string): SchemaAST.LiteralValue | undefined => {
  if (!SchemaAST.isTypeLiteral(ast)) return undefined
  const field = ast.propertySignatures.find((each) => each.name === name)
  return field !== undefined && SchemaAST.isLiteral(field.type) ? field.type.literal : undefined
}

/** What tells the members of a union apart, as `Schema.TaggedStruct` has it. */
const tag = "_tag"

const membersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  SchemaAST.isUnion(ast) ? ast.types.flatMap(membersOf) : [ast]

const isScalar = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isLiteral(ast) ||
  SchemaAST.isStringKeyword(ast) ||
  SchemaAST.isNumberKeyword(ast) ||
  SchemaAST.isBooleanKeyword(ast)

const never = plain(() => false)

const union = (ast: SchemaAST.Union): Part => {
  const members = membersOf(ast)
  const scalars = members.filter(isScalar).map(partOf)
  const others = members.filter((member) => !isScalar(member))
  const tags = others.map((member) => literalIn(member, tag))
  const isTagged = !tags.includes(undefined) && new Set(tags).size === others.length
  if (others.length > 1 && !isTagged) return leaf(ast)
  const byTag = new Map<unknown, Part>(isTagged ? others.map((member, at) => [tags[at], partOf(member)]) : [])
  const [first] = others
  const only = first === undefined || isTagged ? never : partOf(first)
  const memberOf = (value: unknown): Part => (isTagged && isRecord(value) ? (byTag.get(value[tag]) ?? never) : only)
  return {
    holds: (value) => scalars.some(({ holds }) => holds(value)) || memberOf(value).holds(value),
    encode: (value) => (scalars.some(({ holds }) => holds(value)) ? value : memberOf(value).encode(value))
  }
}

const tuple = (ast: SchemaAST.TupleType): Part => {
  const [rest, ...behind] = ast.rest
  if (behind.length > 0 || ast.elements.some(({ isOptional }) => isOptional)) return leaf(ast)
  const elements = ast.elements.map(({ type }) => partOf(type))
  const others = rest === undefined ? never : partOf(rest.type)
  return {
    holds: (value) => {
      if (!Array.isArray(value) || value.length < elements.length) return false
      for (let at = 0; at < value.length; at++) if (!(elements[at] ?? others).holds(value[at])) return false
      return true
    },
    encode: (value) =>
      Array.isArray(value) ? Array.from(value, (item, at) => (elements[at] ?? others).encode(item)) : value
  }
}

/** Parts by their schemas: many systems of actors may come and go in one process, with the same behaviors. */
const parts = new WeakMap<SchemaAST.AST, Part>()

const partOf = (ast: SchemaAST.AST): Part => {
  const known = parts.get(ast)
  if (known !== undefined) return known
  const made = makePart(ast)
  parts.set(ast, made)
  return made
}

const makePart = (ast: SchemaAST.AST): Part => {
  switch (ast._tag) {
    case "StringKeyword":
      return plain((value) => typeof value === "string")
    case "NumberKeyword":
      return plain(Number.isFinite)
    case "BooleanKeyword":
      return plain((value) => typeof value === "boolean")
    case "Literal":
      return typeof ast.literal === "bigint" ? leaf(ast) : plain((value) => value === ast.literal)
    case "Refinement":
      return refinement(ast)
    case "Union":
      return union(ast)
    case "TupleType":
      return tuple(ast)
    case "TypeLiteral":
      return struct(ast)
    default:
      return leaf(ast)
  }
}

/** The part of the values in `parseJson(schema)`; the schema itself where it is no such. */
export const fastPart = <A>({ ast }: Json<A>): Part => partOf(ast._tag === "Transformation" ? ast.to : ast)
