/** `stopcopy blame JOURNAL|BUNDLE STREAM FIELD`: the event that last set a field of a state, and every event that set it before. */
import type { FileSystem } from "@effect/platform/FileSystem"
import { blame as blameField, parsePoint, type Setting, type Source } from "@stopcopy/debugger"
import { Effect, Option } from "effect"
import { columns } from "../Columns.ts"
import { reading, sourcesOf } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { Misuse, type Negative } from "../Outcome.ts"
import { known } from "../replay/Registry.ts"
import { withStream } from "../replay/Streams.ts"
import { summaryOf } from "../replay/Summary.ts"
import { clockText, momentFields } from "../replay/TimelineText.ts"
import { valueText } from "./ChangesText.ts"

interface BlameOptions {
  readonly file: string
  readonly stream: string
  readonly field: string
  /** Only events up to this point. */
  readonly at: Option.Option<string>
  readonly json: boolean
}

/** The journal to look into, and up to which event. */
const place = (sources: ReadonlyArray<Source>, { at, stream }: BlameOptions) =>
  Effect.gen(function* () {
    const having = yield* withStream(sources, stream)
    if (Option.isSome(at)) return yield* parsePoint(sources, at.value)
    const [source, ...others] = having
    if (source === undefined || others.length > 0) {
      const labels = having.map(({ label }) => label).join(", ")
      return yield* new Misuse({
        message: `${labels} have stream ${stream}: name one of them with --at LABEL:SEQUENCE`
      })
    }
    return { source, sequence: undefined }
  })

const settingRow = (name: string, { moment, new: next, old }: Setting): ReadonlyArray<string> => {
  const { sequence, stream, time, type } = moment.envelope
  const change = `${valueText(name, old)} -> ${valueText(name, next)}`
  return [`${sequence}`, clockText(time), change, stream, type, summaryOf(moment)]
}

const settingFields = ({ moment, new: next, old }: Setting): object => ({ old, new: next, ...momentFields(moment) })

/** Prints the history of the field, oldest first. */
export const blame = (options: BlameOptions): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  reading([options.file], (opened) =>
    Effect.gen(function* () {
      const { field, json, stream } = options
      const { sequence, source } = yield* place(sourcesOf(opened), options)
      const { first, history, last } = yield* blameField(known, source, stream, field, sequence)
      if (json) {
        return yield* printLines(history.map((each) => jsonLine(settingFields(each))))
      }
      const name = field.split(".").findLast((part) => !/^\d+$/.test(part)) ?? field
      const now =
        last === undefined
          ? `${valueText(name, first)}, which no event has set`
          : `${valueText(name, last.new)}, set by event ${last.moment.envelope.sequence}`
      const rows = columns(
        history.map((each) => settingRow(name, each)),
        ["right"]
      )
      yield* printLines([`${field} of ${stream} is ${now}`, ...rows])
    })
  )
