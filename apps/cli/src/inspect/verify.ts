/** `stopcopy verify JOURNAL|BUNDLE...`: hashes, numbers, snapshots, and every stored command decided again. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { check, type CheckReport, type Divergence } from "@stopcopy/debugger"
import { Effect } from "effect"
import { plural } from "../Columns.ts"
import { openSources, sha256 } from "../journal/Sources.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { type Misuse, negative, Negative } from "../Outcome.ts"
import { known } from "../replay/Registry.ts"
import { changeFields, changeText } from "./ChangesText.ts"

/** Fields that a text lists, at most. */
const changeLimit = 20

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ")

/** What differs and where, in one line. */
const divergenceText = (label: string, divergence: Divergence): string => {
  const { actor, batch, expected, got, kind, sequence } = divergence
  const place = [
    ...(batch === undefined ? [] : [`batch ${batch}`]),
    ...(sequence === undefined ? [] : [`event ${sequence}`]),
    ...(actor === undefined ? [] : [actor])
  ].join(", ")
  const where = `${label}: ${kind} at ${place === "" ? "an unknown place" : place}`
  // What is damaged says so itself; everything else is one value instead of another.
  const said = kind === "damage" || kind === "storage" ? got : `expected ${expected}, got ${got}`
  return oneLine(`${where}: ${said}`)
}

const reportLines = (report: CheckReport): ReadonlyArray<string> => {
  const { bases, batches, commands, divergence, entries, events, skipped, snapshots, source } = report
  const again = `${plural(commands, "command")} and ${plural(entries, "packed entry").replace(/entrys$/, "entries")}`
  const found = (divergence?.changes ?? []).slice(0, changeLimit).map((change) => `    ${changeText(change)}`)
  return [
    `${source.label}: ${divergence === undefined ? "all is well" : "not what it should be"}`,
    `  ${plural(batches, "batch").replace(/batchs$/, "batches")}, ${plural(events, "event")}: hash chain and numbers`,
    `  ${again} decided again, with the same events`,
    `  ${plural(snapshots, "snapshot")} and ${plural(bases, "base event")} that agree with the events`,
    ...skipped.map(({ count, reason, what }) => `  not compared: ${count} ${what} (${reason})`),
    ...(divergence === undefined ? [] : [`  first divergence: ${divergenceText(source.label, divergence)}`]),
    ...found
  ]
}

const reportFields = ({ divergence, source, ...counts }: CheckReport): object => ({
  journal: source.label,
  ...counts,
  divergence: divergence === undefined ? null : { ...divergence, changes: divergence.changes.map(changeFields) }
})

/** Prints a report for each journal. Fails with the first divergence. */
export const verify = (options: {
  readonly files: ReadonlyArray<string>
  readonly json: boolean
}): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  Effect.gen(function* () {
    const opened = yield* openSources(options.files)
    const reports = yield* Effect.forEach(opened, ({ source }) =>
      check(known, source, { sha256 }).pipe(
        Effect.tap((report) => printLines(options.json ? [jsonLine(reportFields(report))] : reportLines(report))),
        Effect.mapError((error) => negative(error))
      )
    )
    for (const { divergence, source } of reports) {
      if (divergence !== undefined) yield* new Negative({ message: divergenceText(source.label, divergence) })
    }
  }).pipe(Effect.scoped)
