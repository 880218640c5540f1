/** Findings as text: one line each, in the form that editors and terminals make clickable. */
import type { Finding } from "./Source.ts"

/** `path:line: reason`, one finding per line, sorted; empty if there is none. */
export const report = (findings: ReadonlyArray<Finding>): string =>
  findings
    .toSorted((left, right) => left.path.localeCompare(right.path) || left.line - right.line)
    .map(({ line, path, reason }) => `${path}:${line}: ${reason}`)
    .join("\n")
