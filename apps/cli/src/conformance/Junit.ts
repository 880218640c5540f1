/** Results as JUnit XML, the form that CI systems read: a suite for each group of clauses, a case for each clause. */
import type { Result } from "@stopcopy/vfio-user/conformance"
import { withoutControls } from "../Lines.ts"

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

const escaped = (text: string): string => withoutControls(text).replaceAll(/[&<>"]/g, (each) => entities[each] ?? each)

const secondsOf = (millis: number): string => (millis / 1000).toFixed(3)

const groupOf = ({ clause }: Result): string => clause.name.split(".", 1)[0] ?? clause.name

const count = (results: ReadonlyArray<Result>, outcome: Result["outcome"]): number =>
  results.filter((result) => result.outcome === outcome).length

const attributes = (name: string, results: ReadonlyArray<Result>): string => {
  const time = secondsOf(results.reduce((sum, { millis }) => sum + millis, 0))
  const [failures, skipped] = [count(results, "failed"), count(results, "skipped")]
  return `name="${escaped(name)}" tests="${results.length}" failures="${failures}" skipped="${skipped}" time="${time}"`
}

const caseOf = (result: Result): string => {
  const { clause, millis, note, outcome } = result
  const head = `    <testcase classname="vfio-user.${escaped(groupOf(result))}" name="${escaped(clause.name)}: ${escaped(clause.rule)}" time="${secondsOf(millis)}"`
  const places = escaped(clause.sources.join("; "))
  if (outcome === "failed")
    return `${head}>\n      <failure message="${escaped(note)}">${places}</failure>\n    </testcase>`
  if (outcome === "skipped") return `${head}>\n      <skipped message="${escaped(note)}"/>\n    </testcase>`
  return `${head}/>`
}

/** The whole document. */
export const junitOf = (results: ReadonlyArray<Result>): string => {
  const groups = [...new Set(results.map(groupOf))]
  const suites = groups.map((group) => {
    const own = results.filter((result) => groupOf(result) === group)
    return `  <testsuite ${attributes(group, own)}>\n${own.map(caseOf).join("\n")}\n  </testsuite>`
  })
  const head = '<?xml version="1.0" encoding="UTF-8"?>'
  return `${head}\n<testsuites ${attributes("stopcopy conformance", results)}>\n${suites.join("\n")}\n</testsuites>\n`
}
