/** What differs between two JSON values, field by field. Total and deterministic; arrays are compared by index. */
import { Predicate } from "effect"
import { sameJson } from "./Json.ts"

/** Names of fields and indexes of arrays, from the outside in. */
export type Path = ReadonlyArray<string | number>

/** One field that differs. `old` is missing for an added one, `new` for a removed one. */
export interface Change {
  readonly kind: "added" | "removed" | "changed"
  readonly path: Path
  readonly old?: unknown
  readonly new?: unknown
}

/** Into `changes`: what is at `path`, all of it or field by field. */
const compareAt = (before: unknown, after: unknown, path: Path, changes: Array<Change>): void => {
  if (Array.isArray(before) && Array.isArray(after)) compareItems(before, after, path, changes)
  else if (Predicate.isRecord(before) && Predicate.isRecord(after)) compareFields(before, after, path, changes)
  else if (!sameJson(before, after)) changes.push({ kind: "changed", path, old: before, new: after })
}

const compareItems = (
  before: ReadonlyArray<unknown>,
  after: ReadonlyArray<unknown>,
  path: Path,
  changes: Array<Change>
): void => {
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    const at = [...path, index]
    if (index >= before.length) changes.push({ kind: "added", path: at, new: after[index] })
    else if (index >= after.length) changes.push({ kind: "removed", path: at, old: before[index] })
    else compareAt(before[index], after[index], at, changes)
  }
}

type Fields = Readonly<Record<string, unknown>>

const compareFields = (before: Fields, after: Fields, path: Path, changes: Array<Change>): void => {
  for (const [name, old] of Object.entries(before)) {
    const at = [...path, name]
    if (Object.hasOwn(after, name)) compareAt(old, after[name], at, changes)
    else changes.push({ kind: "removed", path: at, old })
  }
  for (const [name, added] of Object.entries(after)) {
    if (!Object.hasOwn(before, name)) changes.push({ kind: "added", path: [...path, name], new: added })
  }
}

/** What was added, removed and changed from `before` to `after`, in the order of their fields. */
export const diffJson = (before: unknown, after: unknown): ReadonlyArray<Change> => {
  const changes: Array<Change> = []
  compareAt(before, after, [], changes)
  return changes
}

/** A copy of an array with one change made. Removed items are always the last ones. */
const changedItems = (items: ReadonlyArray<unknown>, index: number, rest: Path, change: Change): unknown => {
  if (rest.length === 0 && change.kind === "removed") return items.slice(0, Math.min(index, items.length))
  const copy = [...items]
  copy[index] = applyAt(items[index], rest, change)
  return copy
}

const changedFields = (fields: Fields, name: string, rest: Path, change: Change): unknown => {
  const entries = new Map(Object.entries(fields))
  if (rest.length === 0 && change.kind === "removed") entries.delete(name)
  else entries.set(name, applyAt(entries.get(name), rest, change))
  return Object.fromEntries(entries)
}

const applyAt = (value: unknown, path: Path, change: Change): unknown => {
  const [part, ...rest] = path
  if (part === undefined) return change.new
  if (Array.isArray(value) && typeof part === "number") return changedItems(value, part, rest, change)
  return Predicate.isRecord(value) ? changedFields(value, String(part), rest, change) : value
}

/** `value` after the changes. Those of `diffJson(a, b)` make `b` of `a`; one whose place is not there changes nothing. */
export const applyChanges = (value: unknown, changes: ReadonlyArray<Change>): unknown =>
  changes.reduce((now, change) => applyAt(now, change.path, change), value)
