/** The screen of the interactive mode as lines: a pure function of what is looked at and of the terminal's size. */
import { formatPoint, type Moment, Stepper } from "@stopcopy/debugger"
import { columns } from "../Columns.ts"
import { withoutControls } from "../Lines.ts"
import { parsed } from "../replay/Summary.ts"
import { stateText } from "../replay/StateText.ts"
import { momentText, timeText } from "../replay/TimelineText.ts"
import { help } from "./Ui.ts"
import type { Pane, Ui } from "./Ui.ts"

/** A line of the screen; how it is drawn where there are colours. */
export interface Line {
  readonly text: string
  readonly style: "plain" | "cursor" | "failure" | "quiet"
}

/** Columns and rows of a terminal. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Rows that hold no event and no detail: the title, the line between them, the status. */
const frameRows = 3

/** Rows of the list of events: half of what there is. */
export const listRows = ({ rows }: Size): number => Math.max(1, Math.floor((rows - frameRows) / 2))

const quiet = (text: string): Line => ({ text, style: "quiet" })
const plain = (text: string): Line => ({ text, style: "plain" })

const longest = (texts: Iterable<string>): number => Math.max(0, ...[...texts].map(({ length }) => length))

const title = ({ model: { cursor, index } }: Ui): Line => {
  const names = index.sources.map(({ label }) => label).join(", ")
  return quiet(`${names}  ${index.count === 0 ? 0 : cursor + 1} of ${index.count}; times are UTC`)
}

const eventLines = ({ model }: Ui, rows: number): ReadonlyArray<Line> => {
  const shown = Stepper.visible(model, rows)
  const moments = shown.flatMap(({ moment }) => (moment === undefined ? [] : [moment]))
  const { sources } = model.index
  const widths = {
    label: sources.length === 1 ? 0 : longest(sources.map(({ label }) => label)),
    sequence: longest(moments.map(({ envelope }) => `${envelope.sequence}`)),
    stream: longest(moments.map(({ envelope }) => envelope.stream))
  }
  return shown.map(({ at, moment }) => {
    const here = at === model.cursor
    const failing = model.index.failing[at] === 1
    const text = moment === undefined ? "..." : momentText(moment, widths)
    return {
      text: `${here ? ">" : " "}${failing ? "!" : " "} ${text}`,
      style: here ? "cursor" : failing ? "failure" : "plain"
    }
  })
}

const eventDetail = ({ envelope, json }: Moment): ReadonlyArray<string> => {
  const { batch, causation, correlation, time, version } = envelope
  return [
    `time ${timeText(time)}  batch ${batch}  version ${version}`,
    `correlation ${correlation}  caused by ${causation ?? "nothing recorded"}`,
    ...(json === "" ? ["redacted"] : stateText(parsed(json)).map((line) => line.slice(2)))
  ]
}

const detailOf = (ui: Ui): ReadonlyArray<string> => {
  const { detail, help: helping, model, pane } = ui
  if (helping) return columns(help)
  const moment = Stepper.momentAt(model, model.cursor)
  if (moment === undefined) return model.index.count === 0 ? ["the filter lets no event through"] : ["..."]
  if (pane === "event") return eventDetail(moment)
  return detail?.at === model.cursor && detail.pane === pane ? detail.lines : ["..."]
}

const paneNames: Readonly<Record<Pane, string>> = {
  event: "event",
  state: "state after event",
  diff: "what changed with event"
}

const rule = (ui: Ui, total: number): string => {
  const { help: helping, model, pane, top } = ui
  const moment = Stepper.momentAt(model, model.cursor)
  if (helping) return "--- keys; any key goes back "
  if (moment === undefined) return "--- "
  const { sequence, stream } = moment.envelope
  const point = formatPoint(model.index.sources, { source: moment.source, sequence })
  return `--- ${paneNames[pane]} ${point}: ${stream}${top === 0 ? "" : `, from line ${top + 1} of ${total}`} `
}

const prompts = {
  text: "search for text: ",
  regex: "search for regular expression: ",
  event: "jump to event: "
} as const

const status = ({ model, prompt }: Ui): string => {
  if (prompt !== undefined) return `${prompts[prompt.kind]}${prompt.text}_`
  if (model.search !== undefined) return `searching for '${model.pattern?.text ?? ""}' ... escape ends it`
  return model.notice ?? "j/k step  f/F failure  / search  : jump  e/s/d event, state, changes  ? keys  q quit"
}

/** Exactly `rows` lines, none longer than `columns`. */
export const view = (ui: Ui, size: Size): ReadonlyArray<Line> => {
  const rows = listRows(size)
  const events = eventLines(ui, rows)
  const space = Math.max(0, size.rows - frameRows - rows)
  const details = detailOf(ui)
  const top = Math.max(0, Math.min(ui.top, details.length - space))
  const shown = details.slice(top, top + space)
  const lines = [
    title(ui),
    ...events,
    ...Array.from({ length: rows - events.length }, () => plain("")),
    quiet(rule({ ...ui, top }, details.length).padEnd(size.columns, "-")),
    ...shown.map(plain),
    ...Array.from({ length: space - shown.length }, () => plain("")),
    quiet(status(ui))
  ]
  return lines
    .slice(0, size.rows)
    .map(({ style, text }) => ({ style, text: withoutControls(text).slice(0, size.columns) }))
}
