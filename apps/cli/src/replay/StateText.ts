/** The state of an actor for people: one line a field, nested by indentation, bytes as their count and digest. */
import { Predicate } from "effect"
import { createHash } from "node:crypto"
import { plural } from "../Columns.ts"
import { bytesOfField, scalarText } from "./Scalar.ts"

/** Hexadecimal digits of a digest that are shown. */
const digestDigits = 16

/** How many bytes, and which. */
export const bytesText = (bytes: Uint8Array): string => {
  if (bytes.every((byte) => byte === 0)) return `${plural(bytes.byteLength, "byte")}, all zero`
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, digestDigits)
  return `${plural(bytes.byteLength, "byte")}, sha256 ${digest}...`
}

const valueText = (name: string, value: unknown): string => {
  const bytes = bytesOfField(name, value)
  return bytes === undefined ? scalarText(name, value) : bytesText(bytes)
}

const linesOf = (name: string, value: unknown, indent: string): ReadonlyArray<string> => {
  if (!Predicate.isRecord(value) && !Array.isArray(value)) return [`${indent}${name}: ${valueText(name, value)}`]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  if (entries.length === 0) return [`${indent}${name}: none`]
  return [`${indent}${name}:`, ...entries.flatMap(([key, item]) => linesOf(String(key), item, `${indent}  `))]
}

/** Lines for a state as its schema encodes it (JSON values). */
export const stateText = (state: unknown): ReadonlyArray<string> =>
  Predicate.isRecord(state)
    ? Object.entries(state).flatMap(([name, value]) => linesOf(name, value, "  "))
    : linesOf("state", state, "  ")
