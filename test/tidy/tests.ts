/** Rule: tests all run, and none waits for real time. */
import type { Expression, Super } from "oxc-parser"
import { roleOf, type Finding, type Source } from "./Source.ts"

const testers = new Set(["it", "test", "describe", "suite"])

/** The identifier at the root of `a.b(c).d`. */
const rootOf = (node: Expression | Super): string => {
  if (node.type === "Identifier") return node.name
  if (node.type === "MemberExpression") return rootOf(node.object)
  return node.type === "CallExpression" ? rootOf(node.callee) : ""
}

/** What a property of `it` or `describe` does to the tests, if that is wrong. */
const problemOf = (property: string, printsReason: boolean): string | undefined => {
  switch (property) {
    case "only":
      return "no .only: it keeps every other test from running"
    case "skip":
    case "todo":
      return `no .${property}: use skipIf and print the reason with console.warn`
    case "skipIf":
    case "runIf":
      return printsReason ? undefined : `${property} needs its reason printed with console.warn`
    default:
      return undefined
  }
}

/** Reports tests that are switched off without a printed reason, and tests that sleep. */
export const tests = (source: Source): ReadonlyArray<Finding> => {
  if (roleOf(source.path) !== "test") return []
  const findings: Array<Finding> = []
  const sleeping = "no sleeping in tests: use TestClock, or wait for the event itself"
  const printsReason = source.text.includes("console.warn(")
  source.visit({
    MemberExpression: (node) => {
      if (node.property.type !== "Identifier") return
      const object = rootOf(node.object)
      const problem = testers.has(object) ? problemOf(node.property.name, printsReason) : undefined
      if (problem !== undefined) findings.push(source.at(node.start, problem))
      if (object === "Effect" && node.property.name === "sleep") findings.push(source.at(node.start, sleeping))
    },
    CallExpression: (node) => {
      if (node.callee.type === "Identifier" && node.callee.name === "setTimeout") {
        findings.push(source.at(node.start, sleeping))
      }
    }
  })
  for (const { line, specifier } of source.imports) {
    if (/^(node:)?timers\b/.test(specifier)) findings.push({ path: source.path, line, reason: sleeping })
  }
  return findings
}
