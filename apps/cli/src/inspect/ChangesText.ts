/** What changed between two JSON values: a line a field, `+` for what came, `-` for what went. */
import { type Change, formatPath } from "@stopcopy/debugger"
import { Predicate } from "effect"
import { bytesOfField, scalarText } from "../replay/Scalar.ts"
import { bytesText } from "../replay/StateText.ts"

/** Characters of a value that are shown. */
const valueLimit = 60

/** A value in short; a field's name says how it is meant. */
export const valueText = (name: string, value: unknown): string => {
  if (value === undefined) return "nothing"
  const bytes = bytesOfField(name, value)
  if (bytes !== undefined) return bytesText(bytes)
  const text = Predicate.isRecord(value) || Array.isArray(value) ? JSON.stringify(value) : scalarText(name, value)
  return text.length > valueLimit ? `${text.slice(0, valueLimit)}...` : text
}

/** The innermost name of a path that is no index. */
const nameOf = ({ path }: Change): string => `${path.findLast((part) => typeof part === "string") ?? ""}`

/** One line. */
export const changeText = (change: Change): string => {
  const [path, name] = [formatPath(change.path) || "(all)", nameOf(change)]
  if (change.kind === "added") return `+ ${path}: ${valueText(name, change.new)}`
  if (change.kind === "removed") return `- ${path}: ${valueText(name, change.old)}`
  return `  ${path}: ${valueText(name, change.old)} -> ${valueText(name, change.new)}`
}

/** A change as a JSON value. */
export const changeFields = ({ kind, path, ...values }: Change): object => ({ kind, path: formatPath(path), ...values })
