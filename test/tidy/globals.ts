/** Rule: time, randomness and the console come from services; what is default-exported has no name to search for. */
import { roleOf, type Finding, type Source } from "./Source.ts"

/** Modules whose job is what the rule forbids, with the reason. */
const allowed: ReadonlyArray<{ readonly path: RegExp; readonly global: string; readonly reason: string }> = [
  { path: /^apps\//, global: "console", reason: "an app talks to its user" },
  { path: /^packages\/vectors\//, global: "console", reason: "a command line tool" },
  { path: /^scripts\//, global: "console", reason: "command line tools" },
  { path: /^packages\/[^/]+\/bench\//, global: "console", reason: "a benchmark prints its numbers" }
]

const members: Readonly<Record<string, string>> = {
  "Date.now": "time comes from Clock",
  "Math.random": "randomness comes from Random",
  "crypto.randomUUID": "randomness comes from Random",
  "crypto.getRandomValues": "randomness comes from Random"
}

/** Whether the file may print the reason for a test that cannot run here. */
const explainsSkips = (source: Source): boolean => /\b(skipIf|runIf)\(/.test(source.text)

/** Reports the clock, the random generator and the console outside the modules whose job they are. */
export const globals = (source: Source): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const consoleAllowed = allowed.some(({ global, path }) => global === "console" && path.test(source.path))
  source.visit({
    MemberExpression: (node) => {
      if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return
      const name = `${node.object.name}.${node.property.name}`
      const reason = members[name]
      if (reason !== undefined) findings.push(source.at(node.start, `no ${name}: ${reason}`))
      if (node.object.name !== "console" || consoleAllowed) return
      if (name === "console.warn" && roleOf(source.path) === "test" && explainsSkips(source)) return
      findings.push(source.at(node.start, `no ${name}: log with Effect, or return the text`))
    },
    NewExpression: (node) => {
      if (node.callee.type !== "Identifier" || node.callee.name !== "Date" || node.arguments.length > 0) return
      findings.push(source.at(node.start, "no new Date(): time comes from Clock"))
    }
  })
  return findings
}

/** Reports default exports; tools want them in their config files. */
export const defaultExports = (source: Source): ReadonlyArray<Finding> =>
  roleOf(source.path) === "config"
    ? []
    : source.exports
        .filter(({ name }) => name === "default")
        .map(({ line }) => ({ path: source.path, line, reason: "no default export: give it its name" }))
