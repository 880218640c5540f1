/** Refusals for people: all at once, each with its rule, both values and the remedy. */
import type { Refusal } from "@stopcopy/errno"
import { columns } from "../Columns.ts"

const blockerLines = (
  { code, destination, remedy, rule, source, where }: Refusal,
  number: number
): ReadonlyArray<string> => [
  `${String(number).padStart(3)}. ${rule}`,
  ...columns([
    ["where", where],
    ["source", source],
    ["destination", destination],
    ["remedy", remedy],
    ["code", code]
  ]).map((line) => `     ${line}`)
]

/** A numbered paragraph for each. */
export const blockersLines = (blockers: ReadonlyArray<Refusal>): ReadonlyArray<string> =>
  blockers.flatMap((blocker, index) => blockerLines(blocker, index + 1))

/** `1 rule speaks against it`, `2 rules speak against it`. */
export const against = ({ length }: ReadonlyArray<Refusal>): string =>
  length === 1 ? "1 rule speaks against it" : `${length} rules speak against it`
