/** Rule: every file opens with a comment that says what it is. */
import type { Finding, Source } from "./Source.ts"

/** Reports a file whose first line, after a shebang, does not open a documentation comment with at least one word. */
export const header = (source: Source): ReadonlyArray<Finding> => {
  const start = source.program.hashbang === null ? 0 : source.text.indexOf("\n") + 1
  const [first] = source.comments
  const opens =
    first !== undefined && first.type === "Block" && first.start === start && /^\*[\s*]+\S/.test(first.value)
  return opens ? [] : [source.at(start, "open the file with a /** */ comment that says what it is and its source")]
}
