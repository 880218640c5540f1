/**
 * Checks and encoders compiled from a schema part by part, several times faster than the schema's own: what is a struct, a union told apart by a literal field,
 * an array or a primitive is done here, everything else by the schema. A value that `holds` is of the schema, and `text` is what the schema would give, as JSON:
 * no object is made on the way.
 */
import { Either, Option, ParseResult, Schema, SchemaAST } from "effect"
import type { Json } from "../Behavior.ts"

/** One part of a schema. */
interface Part {
  /** True: the value is of the schema. False: it is not, or has a number that JSON does not have; the schema says what is wrong. */
  readonly holds: (value: unknown) => boolean
  /** JSON text of the encoded form of a value that holds, with fields in the schema's order; undefined for what JSON leaves out. */
  readonly text: (value: unknown) => string | undefined
}

/** Characters of the longest text that is looked at one by one: the system's way costs several times as much for a short one. */
const shortLength = 32
const [firstPrintable, quoteMark, backslash, firstBeyond] = [0x20, 0x22, 0x5c, 0x7f]

const quoted = (text: string): string => {
  if (text.length > shortLength) return JSON.stringify(text)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < firstPrintable || code >= firstBeyond || code === quoteMark || code === backslash)
      return JSON.stringify(text)
  }
  return `"${text}"`
}

const scalarText = (value: unknown): string | undefined =>
  typeof value === "string" ? quoted(value) : JSON.stringify(value)

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

/** How a transformation that is a function, from a value to a plain text, encodes: without the way through the schema. Undefined for others. */
const toText = (ast: SchemaAST.AST): ((value: unknown) => string | undefined) | undefined => {
  if (!SchemaAST.isTransformation(ast) || !SchemaAST.isFinalTransformation(ast.transformation)) return undefined
  if (!SchemaAST.isStringKeyword(ast.from) || SchemaAST.encodedAST(ast.to) !== ast.to) return undefined
  const { encode } = ast.transformation
  return (value) => {
    const encoded = encode(value, SchemaAST.defaultParseOption, ast, value)
    return Either.isEither(encoded) && Either.isRight(encoded) && typeof encoded.right === "string"
      ? encoded.right
      : undefined
  }
}

/** Whether the schema says of its texts that they are base64, by the word that JSON Schema has for it. */
const isBase64 = (ast: SchemaAST.AST): boolean => {
  const { contentEncoding }: { readonly contentEncoding?: unknown } = Option.getOrElse(
    SchemaAST.getJSONSchemaAnnotation(ast),
    () => ({})
  )
  return contentEncoding === "base64"
}

/** A part that the schema encodes. Throws where that has a number that JSON does not have. */
const leaf = (ast: SchemaAST.AST): Part => {
  const encode = Schema.encodeSync(Schema.make<unknown, unknown>(ast))
  const short = toText(ast)
  const holds = isOf(ast)
  const quote = isBase64(ast) ? (text: string) => `"${text}"` : quoted
  return {
    holds,
    text: (value) => {
      const encoded = short?.(value) ?? encode(value)
      if (typeof encoded === "string") return quote(encoded)
      if (hasOtherNumber(encoded)) throw new RangeError(otherNumber)
      return JSON.stringify(encoded)
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
  if (inside !== undefined) return { holds: (value) => from.holds(value) && inside(value), text: from.text }
  return {
    holds: (value) => from.holds(value) && Option.isNone(ast.filter(value, SchemaAST.defaultParseOption, ast)),
    text: from.text
  }
}

interface Field extends Part {
  readonly name: string
  /** The name as JSON has it, with its colon. */
  readonly start: string
  readonly isOptional: boolean
}

const struct = (ast: SchemaAST.TypeLiteral): Part => {
  const fields: Array<Field> = []
  for (const { isOptional, name, type } of ast.propertySignatures) {
    if (typeof name !== "string") return leaf(ast)
    fields.push({ name, start: `${JSON.stringify(name)}:`, isOptional, ...partOf(type) })
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
    text: (value) => {
      if (!isRecord(value)) return "{}"
      let all = "{"
      for (const { isOptional, name, start, text } of fields) {
        if (isOptional && !Object.hasOwn(value, name)) continue
        const field = text(value[name])
        if (field !== undefined) all += all.length > 1 ? `,${start}${field}` : start + field
      }
      return `${all}}`
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

const never: Part = { holds: () => false, text: () => undefined }

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
    text: (value) => (scalars.some(({ holds }) => holds(value)) ? scalarText(value) : memberOf(value).text(value))
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
    text: (value) => {
      if (!Array.isArray(value)) return undefined
      let all = "["
      for (let at = 0; at < value.length; at++) {
        const item = (elements[at] ?? others).text(value[at]) ?? "null"
        all += at > 0 ? `,${item}` : item
      }
      return `${all}]`
    }
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

const literal = (only: string | number | boolean | null): Part => {
  const text = JSON.stringify(only)
  return { holds: (value) => value === only, text: () => text }
}

const makePart = (ast: SchemaAST.AST): Part => {
  switch (ast._tag) {
    case "StringKeyword":
      return { holds: (value) => typeof value === "string", text: scalarText }
    case "NumberKeyword":
      return { holds: Number.isFinite, text: String }
    case "BooleanKeyword":
      return { holds: (value) => typeof value === "boolean", text: String }
    case "Literal":
      return typeof ast.literal === "bigint" ? leaf(ast) : literal(ast.literal)
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
