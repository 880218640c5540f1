/** The JSON values of top-level fields, each made once for the part of the state that it is of: states share what did not change. */
import type { Replay } from "@stopcopy/runtime"
import { Either, Predicate } from "effect"
import { parsedJson } from "../Json.ts"

/** Stands for a state that is outside its schema. */
const outside = (thrown: unknown): string =>
  `[outside its schema: ${String(thrown).replaceAll(/\s+/g, " ").slice(0, 120)}]`

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

export class FieldTexts {
  private readonly made = new Map<string, WeakMap<object, unknown>>()

  /** The JSON value of field `name`, whose decoded value is `part`. Total. */
  json(replaying: Replay.Replaying, name: string, part: unknown): unknown {
    if (!isObject(part)) return encoded(replaying, name)
    const known = this.made.get(name) ?? new WeakMap<object, unknown>()
    this.made.set(name, known)
    if (known.has(part)) return known.get(part)
    const json = encoded(replaying, name)
    known.set(part, json)
    return json
  }
}

const encoded = (replaying: Replay.Replaying, name: string): unknown =>
  Either.getOrElse(
    Either.try(() => {
      const alone = replaying.field(name)
      if (alone !== undefined) return alone.json
      const whole = parsedJson(replaying.state().json)
      return Predicate.isRecord(whole) ? whole[name] : undefined
    }),
    outside
  )
