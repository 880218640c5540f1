/** The demo's texts: durations, refusals, requests, the report. Pure. */
import type { Refusal } from "@stopcopy/errno"
import { bitsOf, capability, type Ledger } from "@stopcopy/qat"
import { columns, plural } from "../Columns.ts"
import type { Journals } from "./Hosts.ts"
import type { Blackout, Migrated, Transfer } from "./Migrated.ts"
import type { Checked, Replayed } from "./Replayed.ts"

const nanosPerMilli = 1e6

/** Milliseconds with three digits behind the point. */
export const durationText = (nanos: number): string => `${(nanos / nanosPerMilli).toFixed(3)} ms`

export const transferText = ({ bytes, chunks }: Transfer): string =>
  `${plural(bytes, "byte")} in ${plural(chunks, "chunk")}`

const indent = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `  ${line}`)

/** Hexadecimal digits of a digest that are shown. */
const digestDigits = 16

/** Whether the journals give every digest that was seen live. */
export const isSame = (replayed: ReadonlyArray<Replayed>): boolean =>
  replayed.every(({ again, digest }) => again === digest)

/** The digests that the journals give, beside those that were seen. */
export const replayedText = (replayed: ReadonlyArray<Replayed>): ReadonlyArray<string> => {
  const rows = replayed.map(({ again, digest, sequence, side, stream, to }) => [
    `${side}, in ${to}`,
    `${stream} after event ${sequence ?? "(none)"}`,
    again.slice(0, digestDigits),
    again === digest ? "equal" : `DIFFERENT, live ${digest.slice(0, digestDigits)}`
  ])
  const verdict = isSame(replayed)
    ? "States and digests are those that were seen live; the hash chains are whole."
    : "The replay differs."
  return indent([...columns(rows), verdict])
}

/** Answers that the guest had, by when it had them. */
export interface Answers {
  /** Before any migration was tried. */
  readonly before: number
  /** While the destination that cannot take the VF was tried. */
  readonly refused: number
  /** During the migration, up to its end. */
  readonly during: number
  /** At the destination. */
  readonly after: number
}

/** Where a request went wrong. */
const findingText = ({ bank, fault, index, ring }: Ledger.Finding): string =>
  `${fault}: request ${index} of bank ${bank}, ring ${ring}`

/** Findings that are shown. */
const shownFindings = 5

/** When requests were answered, and the account of them in the journals. */
export const requestsText = (answers: Answers, { counts, findings }: Checked, wrong: number): ReadonlyArray<string> => {
  const { after, before, during, refused } = answers
  const all = before + refused + during + after
  const rows = [
    ["before", `${before}`],
    ["while it was refused", `${refused}`],
    ["during the migration", `${during}`],
    ["at the destination", `${after}`],
    ["all", `${all}, ${wrong === 0 ? "every result is right" : `${wrong} WRONG`}`],
    [
      "ledger",
      `${counts.published} published, ${counts.executed} executed, ${counts.placed} answered, ${all} taken by the guest`
    ]
  ]
  const verdict =
    findings.length === 0
      ? ["The ledger is balanced: every request has exactly one response."]
      : [`The ledger has ${plural(findings.length, "finding")}:`, ...findings.slice(0, shownFindings).map(findingText)]
  return indent([...columns(rows), ...verdict])
}

const blackoutRows = (blackout: Blackout): ReadonlyArray<ReadonlyArray<string>> => {
  const { drain, epoch, load, resume, stop, transfer } = blackout
  const still = stop + transfer + load + epoch + resume
  const whole = durationText(drain + still)
  const part = (name: string, nanos: number) => [`  ${name}`, durationText(nanos).padStart(whole.length)]
  return [
    ["blackout", `${whole}, of which the guest stood still for ${durationText(still)}`],
    part("drain", drain),
    part("stop", stop),
    part("transfer", transfer),
    part("load", load),
    part("epoch", epoch),
    part("resume", resume)
  ]
}

interface Report {
  readonly migrated: Migrated
  readonly checked: Checked
  readonly journals: Journals
  /** How this program was called. */
  readonly program: string
  /** The correlation of the migration. */
  readonly migration: string
}

/** Quoted for a shell, if it has to be. */
const quoted = (path: string): string => (/^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`)

/** The short report at the end. */
export const reportText = ({ checked, journals, migrated, migration, program }: Report): ReadonlyArray<string> => {
  const { blackout, pages, setup, state } = migrated
  const { events } = checked
  const both = `${quoted(journals.source)} ${quoted(journals.destination)}`
  return indent(
    columns([
      ["block", `${setup.bytes + state.bytes} bytes (setup part ${setup.bytes}, rest ${state.bytes})`],
      ["memory", `${pages.live} pages while the guest worked, ${pages.last} after it had stopped`],
      ...blackoutRows(blackout),
      ["journals", `${journals.source}  ${plural(events.source, "event")}`],
      ["", `${journals.destination}  ${plural(events.destination, "event")}`],
      ["replay", `${program} replay ${both} --correlation ${migration}`]
    ])
  )
}

const missingNames = ({ code, destination, source }: Refusal): string => {
  if (code !== "mstate.gencap.superset") return ""
  const missing = BigInt(source) & ~BigInt(destination)
  return bitsOf(missing)
    .map((bit) => `${capability(bit)} (bit ${bit})`)
    .join(", ")
}

/** A refusal in words. */
export const refusalText = (strerror: string, refusal: Refusal | undefined): ReadonlyArray<string> => {
  if (refusal === undefined) return [`  ${strerror}; no reason was given`]
  const { code, destination, remedy, rule, source, where } = refusal
  const names = missingNames(refusal)
  return indent(
    columns([
      ["rule", rule],
      ["where", where],
      ["source", source],
      ["destination", destination],
      ...(names === "" ? [] : [["missing", names]]),
      ["remedy", remedy],
      ["error", `${strerror} [${code}]`]
    ])
  )
}
