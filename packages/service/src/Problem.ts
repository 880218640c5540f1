/** What is wrong with what somebody has asked for: where it stands, and one line with the value and the remedy. All problems are told at once. */
import { ParseResult } from "effect"

export interface Problem {
  /** An option as it was given, or a place in a file. */
  readonly where: string
  readonly what: string
}

export const problem = (where: string, what: string): Problem => ({ where, what })

const pathText = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("")

/** What a schema found wrong with a value that stands at `where`. */
export const problemsOf = (where: string, error: ParseResult.ParseError): ReadonlyArray<Problem> =>
  ParseResult.ArrayFormatter.formatErrorSync(error).map(({ message, path }) =>
    problem(`${where}${pathText(path)}`, message.replaceAll(/\s*\n\s*/g, " "))
  )

/** One line for each. */
export const problemLines = (problems: ReadonlyArray<Problem>): string =>
  problems.map(({ what, where }) => `${where}: ${what}`).join("\n")
