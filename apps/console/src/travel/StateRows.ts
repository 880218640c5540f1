/** The state of an actor as the lines of a tree: what is closed is not even encoded. Pure. */
import { type Change, formatPath, type Standing } from "@stopcopy/debugger"
import { Predicate } from "effect"

export interface StateRow {
  /** As `formatPath` writes it: what blame and addresses name it by. */
  readonly path: string
  readonly name: string
  /** 0 for a field of the state itself. */
  readonly depth: number
  readonly text: string
  /** Undefined: nothing is below it. */
  readonly isOpen: boolean | undefined
  /** The value, or something below it, is not what it was. */
  readonly hasChanged: boolean
}

/** Characters of a value that are shown. */
const shownText = 160

const short = (text: string): string => (text.length > shownText ? `${text.slice(0, shownText)}…` : text)

/** A JSON value in one line. */
export const valueText = (value: unknown): string => (value === undefined ? "not there" : short(JSON.stringify(value)))

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** What a closed value holds. */
const summary = (value: object): string => {
  if (value instanceof Uint8Array) return plural(value.length, "byte")
  if (ArrayBuffer.isView(value)) return plural(Object.keys(value).length, "value")
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[${value.length}]`
  const names = Object.keys(value)
  return names.length === 0 ? "{}" : short(`{${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""}}`)
}

const isEmpty = (value: object): boolean => value instanceof Uint8Array || Object.keys(value).length === 0

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** The paths of changes, and of all that holds them. */
export const changedPaths = (changes: ReadonlyArray<Change>): ReadonlySet<string> =>
  new Set(changes.flatMap(({ path }) => path.map((_, index) => formatPath(path.slice(0, index + 1)))))

/** Collects lines from the outside in. */
class Rows {
  readonly rows: Array<StateRow> = []
  private readonly open: ReadonlySet<string>
  private readonly changed: ReadonlySet<string>

  constructor(open: ReadonlySet<string>, changed: ReadonlySet<string>) {
    this.open = open
    this.changed = changed
  }

  /** `seen` is what the line shows of it, `json` its JSON value. */
  add(path: string, name: string, depth: number, seen: unknown, json: () => unknown): void {
    const [hasChanged, isOpen] = [this.changed.has(path), this.open.has(path)]
    if (!isObject(seen) || isEmpty(seen)) {
      const text = isObject(seen) ? summary(seen) : valueText(json())
      return void this.rows.push({ path, name, depth, text, isOpen: undefined, hasChanged })
    }
    this.rows.push({ path, name, depth, text: summary(seen), isOpen, hasChanged })
    if (isOpen) this.below(path, depth + 1, json())
  }

  private below(path: string, depth: number, json: unknown): void {
    if (!isObject(json)) {
      this.rows.push({ path: `${path}.`, name: "", depth, text: valueText(json), isOpen: undefined, hasChanged: false })
      return
    }
    for (const [name, value] of Object.entries(json)) this.add(`${path}.${name}`, name, depth, value, () => value)
  }
}

/** The lines that are to be seen. `open` and `changed` are paths. */
export const stateRows = (
  { field, names, value }: Standing,
  open: ReadonlySet<string>,
  changed: ReadonlySet<string>
): ReadonlyArray<StateRow> => {
  const rows = new Rows(open, changed)
  for (const name of names) {
    rows.add(name, name, 0, Predicate.isRecord(value) ? value[name] : undefined, () => field(name))
  }
  return rows.rows
}
