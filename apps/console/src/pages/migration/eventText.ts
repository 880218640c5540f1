/** An event of a migration in one line: what its payload says that is new. Pure. */
import type { Event } from "@stopcopy/coordinator-api"
import { Predicate } from "effect"
import { microsText } from "../../text/units.ts"

const micros = 1000

const scalar = (value: unknown): string | undefined => {
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  return undefined
}

/** What began and ended took a while: that says more than both times. */
const tookOf = (value: object): ReadonlyArray<readonly [string, unknown]> => {
  const { began, ended, ...rest } = Object.fromEntries(Object.entries(value))
  return typeof began === "number" && typeof ended === "number"
    ? [...Object.entries(rest), ["took", microsText(Math.max(0, ended - began))] as const]
    : Object.entries(value)
}

const ofRecord = (value: object): string =>
  tookOf(value)
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

/** Where it was recorded: by which attempt of the migration, or in which stream besides. */
export const placeText = ({ stream }: Event, migration: string): string => {
  const prefix = `migration/${migration}`
  const [, attempt] = /^\.(\d+)$/.exec(stream.startsWith(prefix) ? stream.slice(prefix.length) : "") ?? []
  if (stream === prefix) return "attempt 1"
  return attempt === undefined ? stream : `attempt ${attempt}`
}

/** Milliseconds since 1970. */
export const eventMillis = ({ time }: Event): number => time / micros
