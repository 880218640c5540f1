/** Paths into JSON values as text: `registers.bank0.ring0.TAIL`, `files.0.position`. A field's own name may hold dots. */
import { Predicate } from "effect"
import type { Path } from "./Diff.ts"

/** The text of a path; empty for the value itself. */
export const formatPath = (path: Path): string => path.join(".")

/** The names that `text` may begin with, shortest first, each with what is behind it. */
const beginnings = (text: string): ReadonlyArray<readonly [name: string, rest: string | undefined]> => {
  const found: Array<readonly [string, string | undefined]> = []
  for (let dot = text.indexOf("."); dot >= 0; dot = text.indexOf(".", dot + 1)) {
    found.push([text.slice(0, dot), text.slice(dot + 1)])
  }
  return [...found, [text, undefined]]
}

/** A member of an object or array by its name or index. */
const member = (value: unknown, name: string): { readonly value: unknown } | undefined => {
  if (Array.isArray(value)) {
    const index = /^\d+$/.test(name) ? Number(name) : value.length
    return index < value.length ? { value: value[index] } : undefined
  }
  return Predicate.isRecord(value) && Object.hasOwn(value, name) ? { value: value[name] } : undefined
}

/** The field that a path's text means in a JSON value; undefined if there is none. */
export const fieldAt = (value: unknown, text: string): { readonly value: unknown } | undefined => {
  for (const [name, rest] of beginnings(text)) {
    const found = member(value, name)
    const field = found === undefined || rest === undefined ? found : fieldAt(found.value, rest)
    if (field !== undefined) return field
  }
  return undefined
}

/** Where a path's text leaves a value: the longest part that is there, and the names of the fields at that place. */
export const lastThere = (
  value: unknown,
  text: string
): { readonly within: string; readonly fields: ReadonlyArray<string> } => {
  const there = beginnings(text).findLast(([name]) => fieldAt(value, name) !== undefined)
  const found = there === undefined ? value : fieldAt(value, there[0])?.value
  const fields = Array.isArray(found) || Predicate.isRecord(found) ? Object.keys(found) : []
  return { within: there?.[0] ?? "", fields }
}

/** The top-level field that a path's text goes into, of those that `value` has; undefined if it may be none of them. */
export const topField = (
  value: unknown,
  text: string
): { readonly name: string; readonly rest: string } | undefined => {
  if (!Predicate.isRecord(value)) return undefined
  const there = beginnings(text).filter(([name]) => Object.hasOwn(value, name))
  const [only, ...others] = there
  return only === undefined || others.length > 0 ? undefined : { name: only[0], rest: only[1] ?? "" }
}
