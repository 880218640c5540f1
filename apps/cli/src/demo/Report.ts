/** The demo's texts: durations, comparisons, the report. Pure. */
import { bitsOf, capability, MigratedView } from "@stopcopy/qat"
import type { Refusal } from "@stopcopy/errno"
import { columns, plural } from "../Columns.ts"
import type { Downtime, Migrated, Transfer } from "./Migrated.ts"

const nanosPerMilli = 1e6

/** Milliseconds with three digits behind the point. */
export const durationText = (nanos: number): string => `${(nanos / nanosPerMilli).toFixed(3)} ms`

export const transferText = ({ bytes, chunks }: Transfer): string =>
  `${plural(bytes, "byte")} in ${plural(chunks, "chunk")}`

const indent = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `  ${line}`)

/** Hexadecimal digits of a digest that are shown. */
const digestDigits = 16

/** Both sides' digests, section by section. */
export const comparisonText = (
  source: MigratedView.MigratedView,
  destination: MigratedView.MigratedView
): ReadonlyArray<string> => {
  const [before, after] = [MigratedView.digest(source), MigratedView.digest(destination)]
  const row = (name: string, fields: number, left: string, right: string) => [
    name,
    `${fields}`,
    left.slice(0, digestDigits),
    right.slice(0, digestDigits),
    left === right ? "equal" : "DIFFERENT"
  ]
  const counts = Object.entries(source).map(([name, section]) => [name, Object.keys(section).length] as const)
  const rows = counts.map(([name, fields]) =>
    row(name, fields, before.sections[name] ?? "absent", after.sections[name] ?? "absent")
  )
  const all = counts.reduce((sum, [, fields]) => sum + fields, 0)
  return indent(
    columns(
      [
        ["section", "fields", "source sha256", "destination sha256", ""],
        ...rows,
        row("whole view", all, before.whole, after.whole)
      ],
      ["left", "right"]
    )
  )
}

/** What the view leaves out, and why. */
export const leftOutText = (): ReadonlyArray<string> =>
  indent(columns(MigratedView.leftOut.map(({ what, why }) => [what, why])))

const downtimeRows = (downtime: Downtime): ReadonlyArray<ReadonlyArray<string>> => {
  const { drain, load, resume, save, transfer } = downtime
  const whole = durationText(drain + save + transfer + load + resume)
  const part = (name: string, nanos: number) => [`  ${name}`, durationText(nanos).padStart(whole.length)]
  return [
    ["downtime", whole],
    part("drain", drain),
    part("save", save),
    part("transfer", transfer),
    part("load", load),
    part("resume", resume)
  ]
}

interface Report {
  readonly migrated: Migrated
  /** Events in the journal. */
  readonly events: number
  readonly journal: string
  /** How this program was called. */
  readonly program: string
}

/** Quoted for a shell, if it has to be. */
const quoted = (path: string): string => (/^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`)

/** The short report at the end. */
export const reportText = ({ events, journal, migrated, program }: Report): ReadonlyArray<string> => {
  const { downtime, setup, state } = migrated
  const bytes = setup.bytes + state.bytes
  const chunks = setup.chunks + state.chunks
  return indent(
    columns([
      ["bytes", `${bytes} (setup part ${setup.bytes}, rest ${state.bytes})`],
      ["chunks", `${chunks} (${setup.chunks} and ${state.chunks})`],
      ...downtimeRows(downtime),
      ["events", `${events}`],
      ["journal", journal],
      ["replay", `${program} replay ${quoted(journal)}`]
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
