/** The demo's tables and its report. Pure. */
import type { Ledger } from "@stopcopy/qat"
import { columns, plural } from "../Columns.ts"
import type { Passage } from "../world/Moves.ts"
import type { Journals } from "../world/World.ts"
import type { AllChecked, Checked } from "./Replayed.ts"

const indent = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `  ${line}`)

/** Hexadecimal digits of a digest that are shown. */
const digestDigits = 16

/** Whether the journals of both hosts give the digest that the coordinator recorded. */
export const isSame = ({ digest, replayed: { alpha, beta } }: Checked): boolean =>
  alpha.digest === digest && beta.digest === digest

const eventText = (stream: string, sequence: number | undefined): string =>
  `${stream} after ${sequence ?? "(no event)"}`

/** The digests that the journals give, beside those that the coordinator recorded. */
export const replayedLines = ({ guests }: AllChecked): ReadonlyArray<string> => {
  const short = (digest: string): string => (digest === "" ? "none" : digest.slice(0, digestDigits))
  const rows = guests.map((one) => [
    one.guest,
    eventText(one.source, one.replayed.alpha.sequence),
    eventText(one.destination, one.replayed.beta.sequence),
    short(one.digest),
    isSame(one)
      ? "equal"
      : `DIFFERENT, replayed ${short(one.replayed.alpha.digest)} and ${short(one.replayed.beta.digest)}`
  ])
  const verdict = guests.every(isSame)
    ? "Both journals give the digests that the coordinator saw before each commit; all hash chains are whole."
    : "The replay differs."
  return indent([...columns([["guest", "on alpha, STOP_COPY", "on beta, STOP", "digest", ""], ...rows]), verdict])
}

/** Where a request went wrong. */
const findingText =
  (guest: string) =>
  ({ bank, fault, index, ring }: Ledger.Finding): string =>
    `${guest}: ${fault}: request ${index} of bank ${bank}, ring ${ring}`

/** Findings that are shown. */
const shownFindings = 5

/** What a guest had answered, and when. */
export interface Answered {
  readonly guest: string
  readonly passage: Passage
  readonly taken: number
  readonly wrong: number
}

const balance = ({ counts: { executed, placed, published }, findings }: Checked, taken: number): string =>
  findings.length === 0 && published === taken
    ? "balanced"
    : `${published} published, ${executed} executed, ${placed} answered, ${plural(findings.length, "finding")}`

/** Whether every request has exactly one response, and the guest took all of them. */
export const isBalanced = ({ guests }: AllChecked, answered: ReadonlyArray<Answered>): boolean =>
  guests.every(
    ({ counts: { executed, placed, published }, findings, guest }) =>
      findings.length === 0 &&
      [published, executed, placed].every((count) => count === answered.find((one) => one.guest === guest)?.taken)
  )

/** When requests were answered, and the account of them in the journals. */
export const requestsLines = (answered: ReadonlyArray<Answered>, checked: AllChecked): ReadonlyArray<string> => {
  const rows = checked.guests.flatMap((one) => {
    const found = answered.find(({ guest }) => guest === one.guest)
    if (found === undefined) return []
    const { passage, taken, wrong } = found
    const times = [passage.before, passage.until - passage.before, taken - passage.until, taken]
    return [[one.guest, ...times.map(String), String(wrong), balance(one, taken)]]
  })
  const all = answered.reduce((sum, { taken }) => sum + taken, 0)
  const findings = checked.guests.flatMap((one) => one.findings.map(findingText(one.guest)))
  const verdict = isBalanced(checked, answered)
    ? [`The ledger is balanced: each of ${all} requests was executed once, and has exactly one response.`]
    : [`The ledger has ${plural(findings.length, "finding")}:`, ...findings.slice(0, shownFindings)]
  const head = ["guest", "on alpha", "on its way", "on beta", "all", "wrong", "ledger"]
  const aligns = ["left", ...Array.from({ length: 5 }, () => "right" as const), "left"] as const
  return indent([...columns([head, ...rows], aligns), ...verdict])
}

/** Quoted for a shell, if it has to be. */
const quoted = (path: string): string => (/^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`)

interface Files {
  readonly journals: Journals
  readonly events: AllChecked["events"]
  /** How this program was called. */
  readonly program: string
  /** The migration that went first. */
  readonly migration: string
}

/** The journals, and what may be done with them. */
export const filesLines = ({ events, journals, migration, program }: Files): ReadonlyArray<string> => {
  const all = [journals.alpha, journals.beta, journals.coordinator].map(quoted).join(" ")
  return indent(
    columns([
      ["alpha", journals.alpha, plural(events.alpha, "event")],
      ["beta", journals.beta, plural(events.beta, "event")],
      ["coordinator", journals.coordinator, plural(events.coordinator, "event")]
    ]).concat([
      "the first migration in one timeline of both hosts and the coordinator:",
      `  ${program} replay ${all} --correlation ${migration}`
    ])
  )
}
