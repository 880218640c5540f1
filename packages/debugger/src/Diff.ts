/** What differs between two JSON values, field by field. Total and deterministic; arrays are compared by index. */

/** Names of fields and indexes of arrays, from the outside in. */
export type Path = ReadonlyArray<string | number>

/** One field that differs. `old` is missing for an added one, `new` for a removed one. */
export interface Change {
  readonly kind: "added" | "removed" | "changed"
  readonly path: Path
  readonly old?: unknown
  readonly new?: unknown
}

/** What was added, removed and changed from `before` to `after`, in the order of their fields. */
export const diffJson = (_before: unknown, _after: unknown): ReadonlyArray<Change> => []

/** `value` after the changes. Those of `diffJson(a, b)` make `b` of `a`. */
export const applyChanges = (value: unknown, _changes: ReadonlyArray<Change>): unknown => value
