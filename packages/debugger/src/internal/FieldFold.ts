/** One field of a state that is being folded: what cannot have changed is not encoded again. */
import type { Replay } from "@stopcopy/runtime"
import { Predicate } from "effect"
import { parsedJson, sameJson } from "../Json.ts"
import { fieldAt, topField } from "../Path.ts"

/** A value that is there. */
type Found = { readonly value: unknown } | undefined

const sameFound = (left: Found, right: Found): boolean =>
  left === undefined || right === undefined ? left === right : sameJson(left.value, right.value)

export class FieldFold {
  private readonly replaying: Replay.Replaying
  private readonly field: string
  /** True if the state and its JSON have the same top-level names. */
  private readonly plain: boolean
  /** The part of the decoded state that the field is in. */
  private part: unknown
  private found: Found
  /** True once the field was in a state. */
  wasThere: boolean

  constructor(replaying: Replay.Replaying, field: string) {
    this.replaying = replaying
    this.field = field
    const value = replaying.state().value
    const json = this.whole()
    this.plain =
      Predicate.isRecord(value) &&
      Predicate.isRecord(json) &&
      Object.keys(json).every((name) => Object.hasOwn(value, name))
    this.part = this.partOf(value)
    this.found = fieldAt(json, field)
    this.wasThere = this.found !== undefined
  }

  /** The field's JSON value; undefined if it is not there. */
  get value(): unknown {
    return this.found?.value
  }

  /** Looks at the state again; true if the field has another value now. */
  look(): boolean {
    const { value } = this.replaying.state()
    const part = this.partOf(value)
    if (Object.is(part, this.part)) return false
    this.part = part
    const before = this.found
    this.found = this.read(value)
    this.wasThere ||= this.found !== undefined
    return !sameFound(before, this.found)
  }

  /** The JSON value of the whole state. */
  whole(): unknown {
    return parsedJson(this.replaying.state().json)
  }

  /** The top-level field of the decoded state; all of it where the field may come from several of them. */
  private partOf(value: unknown): unknown {
    const top = topField(value, this.field)
    if (top !== undefined && Predicate.isRecord(value)) return value[top.name]
    return this.plain && top === undefined && !this.isAmbiguous(value) ? undefined : value
  }

  private isAmbiguous(value: unknown): boolean {
    return Predicate.isRecord(value) && Object.keys(value).some((name) => this.field.startsWith(`${name}.`))
  }

  private read(value: unknown): Found {
    const top = topField(value, this.field)
    const encoded = top && this.replaying.field(top.name)
    if (top === undefined || encoded === undefined) return fieldAt(this.whole(), this.field)
    return top.rest === "" ? { value: encoded.json } : fieldAt(encoded.json, top.rest)
  }
}
