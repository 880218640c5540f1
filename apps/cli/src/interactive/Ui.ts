/**
 * What stepping through a timeline in a terminal looks at, and how a key changes it. Pure: the places are those of the debugger's
 * `Stepper`, and what has to be read is asked for (`wantedDetail`).
 */
import { Stepper } from "@stopcopy/debugger"

/** What is shown of the event at the cursor: its payload, the state of its actor after it, or what it changed there. */
export type Pane = "event" | "state" | "diff"

/** Text that is being typed. */
interface Prompt {
  readonly kind: "text" | "regex" | "event"
  readonly text: string
}

/** Lines that were read for one place. */
export interface Detail {
  readonly at: number
  readonly pane: Pane
  readonly lines: ReadonlyArray<string>
}

export interface Ui {
  readonly model: Stepper.Model
  readonly pane: Pane
  readonly detail: Detail | undefined
  /** First line of the pane that is shown. */
  readonly top: number
  readonly prompt: Prompt | undefined
  readonly help: boolean
  readonly done: boolean
}

/** A key as a terminal gives it. `text` is what it types; empty for the others. */
export interface Key {
  readonly name: string
  readonly text: string
}

/** Lines of the pane that one key scrolls. */
const scrollLines = 5

export const initial = (model: Stepper.Model): Ui => ({
  model,
  pane: "event",
  detail: undefined,
  top: 0,
  prompt: undefined,
  help: false,
  done: false
})

/** What has to be read for the pane; undefined if it is there, or nothing can be read. */
export const wantedDetail = ({ detail, model, pane }: Ui): Pick<Detail, "at" | "pane"> | undefined => {
  const at = model.cursor
  if (pane === "event" || Stepper.momentAt(model, at) === undefined) return undefined
  return detail?.at === at && detail.pane === pane ? undefined : { at, pane }
}

const acted = (ui: Ui, action: Stepper.Action): Ui => {
  const model = Stepper.update(ui.model, action)
  return { ...ui, model, top: model.cursor === ui.model.cursor ? ui.top : 0 }
}

const noticed = (ui: Ui, notice: string): Ui => ({ ...ui, model: { ...ui.model, notice } })

/** To an event by its sequence, `LABEL:SEQUENCE` for another journal than that of the cursor. */
const goTo = (ui: Ui, text: string): Ui => {
  const { index, cursor } = ui.model
  const [match, label, sequence = ""] = /^(?:(.*):)?(\d+)$/.exec(text.trim()) ?? []
  const source = label === undefined ? index.sourceOf[cursor] : index.sources.findIndex((each) => each.label === label)
  if (match === undefined || source === undefined || source < 0) {
    return noticed(ui, `'${text}' is no event: give its sequence, or LABEL:SEQUENCE for another journal`)
  }
  return acted(ui, { _tag: "GoTo", source, sequence: Number(sequence) })
}

const submitted = (ui: Ui, { kind, text }: Prompt): Ui => {
  const closed = { ...ui, prompt: undefined }
  if (text === "") return closed
  return kind === "event" ? goTo(closed, text) : acted(closed, { _tag: "Find", pattern: { kind, text }, step: 1 })
}

const typed = (ui: Ui, prompt: Prompt, { name, text }: Key): Ui => {
  if (name === "return" || name === "enter") return submitted(ui, prompt)
  if (name === "escape") return { ...ui, prompt: undefined }
  if (name === "backspace") return { ...ui, prompt: { ...prompt, text: prompt.text.slice(0, -1) } }
  return { ...ui, prompt: { ...prompt, text: prompt.text + text } }
}

const shows = (pane: Pane) => (ui: Ui) => ({ ...ui, pane, top: 0 })
const asks = (kind: Prompt["kind"]) => (ui: Ui) => ({ ...ui, prompt: { kind, text: "" } })
const scrolls = (lines: number) => (ui: Ui) => ({ ...ui, top: Math.max(0, ui.top + lines) })
const steps = (action: Stepper.Action) => (ui: Ui) => acted(ui, action)
const quits = (ui: Ui): Ui => ({ ...ui, done: true })

type Keys = Readonly<Record<string, (ui: Ui) => Ui>>

/** By what the key types. */
const byText: Keys = {
  j: steps({ _tag: "Forward" }),
  k: steps({ _tag: "Back" }),
  " ": steps({ _tag: "Forward" }),
  f: steps({ _tag: "NextFailure" }),
  F: steps({ _tag: "PreviousFailure" }),
  n: steps({ _tag: "FindNext" }),
  N: steps({ _tag: "FindPrevious" }),
  g: steps({ _tag: "First" }),
  G: steps({ _tag: "Last" }),
  "/": asks("text"),
  "~": asks("regex"),
  ":": asks("event"),
  e: shows("event"),
  s: shows("state"),
  d: shows("diff"),
  J: scrolls(scrollLines),
  K: scrolls(-scrollLines),
  "?": (ui) => ({ ...ui, help: true }),
  q: quits
}

/** By its name. `page` is a screen of events. */
const byName = (page: number): Keys => ({
  down: steps({ _tag: "Forward" }),
  up: steps({ _tag: "Back" }),
  pagedown: steps({ _tag: "Forward", count: page }),
  pageup: steps({ _tag: "Back", count: page }),
  home: steps({ _tag: "First" }),
  end: steps({ _tag: "Last" }),
  escape: steps({ _tag: "Cancel" })
})

/** After a key. `page` is how many events a screen shows. */
export const press = (ui: Ui, key: Key, page: number): Ui => {
  if (ui.help) return { ...ui, help: false }
  if (ui.prompt !== undefined) return typed(ui, ui.prompt, key)
  const keys: Keys = { ...byName(page), ...byText }
  const action = (key.text !== "" && Object.hasOwn(byText, key.text) ? byText[key.text] : undefined) ?? keys[key.name]
  return action === undefined ? ui : action(ui)
}

/** What the keys do, for people. */
export const help: ReadonlyArray<readonly [keys: string, meaning: string]> = [
  ["j, down, space", "next event"],
  ["k, up", "event before"],
  ["page down, page up", "a screen of events"],
  ["g, G", "first event, last event"],
  ["f, F", "next failure, failure before"],
  ["/", "search for a text in stream, type and payload"],
  ["~", "search for a regular expression"],
  ["n, N", "next match, match before"],
  [":", "jump to an event: its sequence, or LABEL:SEQUENCE"],
  ["e, s, d", "show the event, the state of its actor, what the event changed in it"],
  ["J, K", "scroll what is shown of the event"],
  ["escape", "end a search"],
  ["q", "quit"]
]
