/** An event of a migration in one line: what its payload says that is new. Pure. */
import type { Event } from "@stopcopy/coordinator-api"
import { Predicate } from "effect"

const micros = 1000

const scalar = (value: unknown): string | undefined => {
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  return undefined
}

const ofRecord = (value: object): string =>
  Object.entries(value)
    .flatMap(([name, inner]) => {
      if (name === "_tag") return []
      const text = valueText(inner)
      return text === "" ? [] : [`${name} ${text}`]
    })
    .join(", ")

/** Longer lists are counted. */
const listLimit = 4

const valueText = (value: unknown): string => {
  if (Array.isArray(value)) {
    return value.length > listLimit
      ? `(${value.length})`
      : value
          .map(valueText)
          .filter((text) => text !== "")
          .join("; ")
  }
  if (Predicate.isRecord(value)) return `{${ofRecord(value)}}`
  return scalar(value) ?? ""
}

/** Without the braces of the whole. */
export const eventText = ({ payload }: Event): string =>
  Predicate.isRecord(payload) ? ofRecord(payload) : valueText(payload)

/** Milliseconds since 1970. */
export const eventMillis = ({ time }: Event): number => time / micros
