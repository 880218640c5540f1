/** One parsed source file as the rules see it: syntax tree, imports, exports and line numbers, from oxc-parser. */
import { parseSync, Visitor, type Comment, type Program, type VisitorObject } from "oxc-parser"

/** What a rule has to say about one line. */
export interface Finding {
  readonly path: string
  /** Counts from 1. */
  readonly line: number
  readonly reason: string
}

/** A name that an import takes: `all` is everything a module has (`export *`, a dynamic import). */
type Taken = { readonly _tag: "All" } | { readonly _tag: "Name"; readonly name: string }

/** One import, re-export or dynamic import, with the module as written. */
interface Import {
  readonly specifier: string
  readonly line: number
  readonly taken: ReadonlyArray<Taken>
  /** An `export * from`. */
  readonly star: boolean
}

interface Export {
  readonly name: string
  readonly line: number
}

export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly program: Program
  readonly comments: ReadonlyArray<Comment>
  readonly imports: ReadonlyArray<Import>
  readonly exports: ReadonlyArray<Export>
  /** The line (from 1) of an offset in `text`. */
  readonly lineAt: (offset: number) => number
  /** A finding at an offset in `text`. */
  readonly at: (offset: number, reason: string) => Finding
  /** Walks the syntax tree. */
  readonly visit: (visitor: VisitorObject) => void
}

type Parsed = ReturnType<typeof parseSync>
const all: Taken = { _tag: "All" }

const lineCounter = (text: string): ((offset: number) => number) => {
  const starts = [0]
  for (let index = text.indexOf("\n"); index >= 0; index = text.indexOf("\n", index + 1)) starts.push(index + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/**
 * The names used of a namespace import: those read as `local.name`, or everything if the namespace itself is passed on.
 */
const takenOfNamespace = (program: Program, local: string): ReadonlyArray<Taken> => {
  const names: Array<Taken> = []
  let occurrences = 0
  new Visitor({
    Identifier: (node) => {
      if (node.name === local) occurrences += 1
    },
    MemberExpression: (node) => {
      if (node.object.type !== "Identifier" || node.object.name !== local || node.computed) return
      if (node.property.type === "Identifier") names.push({ _tag: "Name", name: node.property.name })
    },
    TSQualifiedName: (node) => {
      if (node.left.type === "Identifier" && node.left.name === local) {
        names.push({ _tag: "Name", name: node.right.name })
      }
    }
  }).visit(program)
  // One occurrence is the import itself.
  return occurrences - 1 > names.length ? [all] : names
}

const staticImports = (parsed: Parsed, lineAt: (offset: number) => number): ReadonlyArray<Import> =>
  parsed.module.staticImports.map((statement) => ({
    specifier: statement.moduleRequest.value,
    line: lineAt(statement.start),
    star: false,
    taken: statement.entries.flatMap((entry): ReadonlyArray<Taken> => {
      const kind = String(entry.importName.kind)
      if (kind === "NamespaceObject") return takenOfNamespace(parsed.program, entry.localName.value)
      return [{ _tag: "Name", name: entry.importName.name ?? "default" }]
    })
  }))

const reExports = (parsed: Parsed, lineAt: (offset: number) => number): ReadonlyArray<Import> =>
  parsed.module.staticExports.flatMap((statement) =>
    statement.entries.flatMap((entry): ReadonlyArray<Import> => {
      if (entry.moduleRequest === null) return []
      const name = entry.importName.name
      return [
        {
          specifier: entry.moduleRequest.value,
          line: lineAt(entry.start),
          star: String(entry.importName.kind) === "AllButDefault",
          taken: [name === null ? all : { _tag: "Name", name }]
        }
      ]
    })
  )

const dynamicImports = (parsed: Parsed, text: string, lineAt: (offset: number) => number): ReadonlyArray<Import> =>
  parsed.module.dynamicImports.map(({ moduleRequest, start }) => ({
    specifier: text.slice(moduleRequest.start + 1, moduleRequest.end - 1),
    line: lineAt(start),
    star: false,
    taken: [all]
  }))

/** Packages that are looked for but not loaded: `createRequire(...).resolve("name")`. */
const resolved = (text: string, lineAt: (offset: number) => number): ReadonlyArray<Import> =>
  [...text.matchAll(/createRequire\([\w.]+\)\.resolve\("([^"]+)"\)/g)].map(({ 1: specifier = "", index }) => ({
    specifier,
    line: lineAt(index),
    star: false,
    taken: [all]
  }))

/** Parses one file. Throws if it is not valid TypeScript or JavaScript: no rule could say anything about it. */
export const parse = (path: string, text: string): Source => {
  const parsed = parseSync(path, text)
  const lineAt = lineCounter(text)
  const [error] = parsed.errors
  if (error !== undefined) {
    throw new Error(`${path}:${lineAt(error.labels[0]?.start ?? 0)}: does not parse: ${error.message}`)
  }
  const visit = (visitor: VisitorObject) => new Visitor(visitor).visit(parsed.program)
  return {
    path,
    text,
    program: parsed.program,
    comments: parsed.comments,
    imports: [
      ...staticImports(parsed, lineAt),
      ...reExports(parsed, lineAt),
      ...dynamicImports(parsed, text, lineAt),
      ...resolved(text, lineAt)
    ],
    exports: parsed.module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) => {
        const kind = String(entry.exportName.kind)
        if (kind === "None") return []
        return [{ name: entry.exportName.name ?? "default", line: lineAt(entry.start) }]
      })
    ),
    lineAt,
    at: (offset, reason) => ({ path, line: lineAt(offset), reason }),
    visit
  }
}

/** What a file is for; rules differ by it. */
export const roleOf = (path: string): "src" | "test" | "bench" | "script" | "config" => {
  if (path.endsWith(".config.ts")) return "config"
  if (path.startsWith("scripts/")) return "script"
  if (/(^|\/)test\//.test(path)) return "test"
  return /(^|\/)bench\//.test(path) ? "bench" : "src"
}
