/**
 * Which fields of JSON values are redacted. A field is named by its name, or by a path of names with dots between them of which `*`
 * stands for any one name. It is found at any depth, in the elements of arrays too. Pure but for the counts.
 */
import { Either, Predicate } from "effect"
import { BadField } from "./BundleError.ts"
import { redactedMark } from "./Format.ts"

interface Field {
  readonly name: string
  /** Names from the innermost to the outermost. */
  readonly inward: ReadonlyArray<string>
}

const anyName = "*"

const fieldOf = (name: string): Either.Either<Field, BadField> => {
  const names = name.split(".")
  return names.includes("") || names.at(-1) === anyName
    ? Either.left(new BadField({ field: name }))
    : Either.right({ name, inward: names.toReversed() })
}

/** `path` are the names from the innermost on. */
const names = ({ inward }: Field, path: ReadonlyArray<string>): boolean =>
  inward.every((name, index) => path[index] !== undefined && (name === anyName || name === path[index]))

export class Redactor {
  private readonly fields: ReadonlyArray<Field>
  /** Values redacted so far, by the field's name as it was given. */
  readonly matches = new Map<string, number>()
  /** Payloads so far that could not be looked into. */
  unseen = 0

  private constructor(fields: ReadonlyArray<Field>) {
    this.fields = fields
    for (const { name } of fields) this.matches.set(name, 0)
  }

  /** Fails with the first field that is none. */
  static readonly make = (fields: ReadonlyArray<string>): Either.Either<Redactor, BadField> =>
    Either.map(Either.all(fields.map(fieldOf)), (all) => new Redactor(all))

  /** Whether anything is to be redacted. */
  get active(): boolean {
    return this.fields.length > 0
  }

  /**
   * The JSON text with marks in place of the named fields; the text itself where it has none of them; undefined where the text is not
   * JSON, so that nobody knows.
   */
  readonly redact = (json: string): string | undefined => {
    const parsed = Either.try((): unknown => JSON.parse(json))
    if (Either.isLeft(parsed)) {
      this.unseen++
      return undefined
    }
    const before = this.count()
    const marked = JSON.stringify(this.marked(parsed.right, []))
    return this.count() === before ? json : marked
  }

  private count(): number {
    let sum = 0
    for (const count of this.matches.values()) sum += count
    return sum
  }

  private marked(value: unknown, path: ReadonlyArray<string>): unknown {
    if (Array.isArray(value)) return value.map((item) => this.marked(item, path))
    if (!Predicate.isRecord(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, this.field(inner, [name, ...path])] as const)
    )
  }

  private field(value: unknown, path: ReadonlyArray<string>): unknown {
    const field = this.fields.find((each) => names(each, path))
    if (field === undefined) return this.marked(value, path)
    this.matches.set(field.name, (this.matches.get(field.name) ?? 0) + 1)
    return redactedMark
  }
}
