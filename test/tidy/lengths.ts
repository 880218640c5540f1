/** Rule: files and functions stay short enough to read in one go. */
import type { Visitor } from "oxc-parser"
import { roleOf, type Finding, type Source } from "./Source.ts"

/** Lines of a test file, of any other file, and of a function. */
const limits = { test: 450, file: 300, function: 70 }

type Handlers = ConstructorParameters<typeof Visitor>[0]
interface Node {
  readonly start: number
  readonly end: number
}

/** Where the callbacks of `describe` begin: they group tests and are as long as their tests. */
const groupCallbacks = (source: Source): ReadonlySet<number> => {
  const starts = new Set<number>()
  source.visit({
    CallExpression: ({ callee, arguments: given }) => {
      if (callee.type === "Identifier" && callee.name === "describe") for (const node of given) starts.add(node.start)
    }
  })
  return starts
}

/** Reports a file over its limit and every function over 70 lines. */
export const lengths = (source: Source): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const lines = source.text.split("\n").length - 1
  const limit = roleOf(source.path) === "test" ? limits.test : limits.file
  if (lines > limit) findings.push(source.at(0, `${lines} lines, the limit is ${limit}: split it by concept`))
  const groups = groupCallbacks(source)
  const measure = (node: Node) => {
    const length = source.lineAt(node.end) - source.lineAt(node.start) + 1
    if (length <= limits.function || groups.has(node.start)) return
    findings.push(source.at(node.start, `a function of ${length} lines, the limit is ${limits.function}: split it`))
  }
  const handlers: Handlers = {
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure
  }
  source.visit(handlers)
  return findings
}
