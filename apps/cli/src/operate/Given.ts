/** What a request cannot be made of: the values that somebody gave, each with the rule of the API that it does not keep. */
import { ParseResult, Predicate } from "effect"
import { oneLine } from "../Outcome.ts"

/** What fields are called on the command line where that differs. */
const options: Readonly<Record<string, string>> = { "idempotency-key": "--key", attempt: "--attempt" }

/** Characters of a value that a message has room for. */
const shownAtMost = 60

const shown = (value: unknown): string => {
  const text = String(value)
  return text.length <= shownAtMost ? `'${text}'` : `'${text.slice(0, shownAtMost)}...' (${text.length} characters)`
}

const valueAt = (root: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>((value, key) => (Predicate.hasProperty(value, key) ? value[key] : undefined), root)

/** A rule without the name of its schema: that is the API's word, the field says it here. */
const ruleOf = (message: string): string => message.replace(/^[A-Z][A-Za-z-]*: /, "")

/** `host 'ga mma': write 1 to 64 letters ...`; one line for all. */
export const givenText = (error: ParseResult.ParseError): string =>
  oneLine(
    ParseResult.ArrayFormatter.formatErrorSync(error)
      .map(({ message, path }) => {
        const field = path.findLast((key) => typeof key === "string")
        const what = field === undefined ? "" : `${options[field] ?? field} `
        return `${what}${shown(valueAt(error.issue.actual, path))}: ${ruleOf(message)}`
      })
      .join("; ")
  )
