/** What somebody looks at: a moment, two marks, an actor and a field of it, a panel, a filter. All of it stands in the address. Pure. */
import { type Chronicle } from "@stopcopy/debugger"
import { type Filter, noFilter } from "./Filter.ts"
import { placeOf, placeText } from "./Place.ts"

export const panels = ["changes", "event", "causes", "field", "block"] as const
type Panel = (typeof panels)[number]

export interface View {
  /** The place after which everything is shown; -1: before the first event. */
  readonly cursor: number
  readonly markA: number | undefined
  readonly markB: number | undefined
  /** Index of the actor whose state is shown; undefined: that of the event at the cursor. */
  readonly actor: number | undefined
  /** As `formatPath` writes it. */
  readonly field: string | undefined
  readonly panel: Panel
  readonly filter: Filter
}

/** Whose state is shown: the chosen one's, or that of the actor that the event at the cursor is of. */
export const shownActor = ({ actorOf, actors }: Chronicle, { actor, cursor }: View): number | undefined =>
  actor ?? actorOf[Math.max(0, cursor)] ?? (actors.length > 0 ? 0 : undefined)

/** An actor in an address: `source:vf/pf0/vf0`. */
export const actorText = ({ actors, sources }: Chronicle, index: number): string => {
  const actor = actors[index]
  return actor === undefined ? "" : `${sources[actor.source]?.label ?? ""}:${actor.stream}`
}

const numberOf = (text: string | null, find: (text: string) => number): number | undefined => {
  const found = text === null ? -1 : find(text)
  return found < 0 ? undefined : found
}

const placeIn = (chronicle: Chronicle, text: string | null): number | undefined =>
  text === null ? undefined : placeOf(chronicle, text)

const filterOf = (chronicle: Chronicle, query: URLSearchParams): Filter => {
  const { actors, sources, types } = chronicle
  return {
    ...noFilter,
    source: numberOf(query.get("journal"), (text) => sources.findIndex(({ label }) => label === text)),
    actor: numberOf(query.get("of"), (text) => actors.findIndex((_, index) => actorText(chronicle, index) === text)),
    type: numberOf(query.get("type"), (text) => types.indexOf(text)),
    failures: query.get("failures") === "1",
    from: placeIn(chronicle, query.get("from")),
    to: placeIn(chronicle, query.get("to")),
    text: query.get("text") ?? ""
  }
}

/** What an address shows. What it names and is not there is left out; without a moment, the first event is shown. */
export const viewOf = (chronicle: Chronicle, query: URLSearchParams): View => ({
  cursor: placeIn(chronicle, query.get("at")) ?? Math.min(0, chronicle.count - 1),
  markA: placeIn(chronicle, query.get("a")),
  markB: placeIn(chronicle, query.get("b")),
  actor: numberOf(query.get("actor"), (text) =>
    chronicle.actors.findIndex((_, index) => actorText(chronicle, index) === text)
  ),
  field: query.get("field") ?? undefined,
  panel: panels.find((panel) => panel === query.get("panel")) ?? "changes",
  filter: filterOf(chronicle, query)
})

/** The query of an address that shows this. `viewOf` gives it back. */
export const queryOf = (chronicle: Chronicle, view: View): URLSearchParams => {
  const { actor, cursor, field, filter, markA, markB, panel } = view
  const query = new URLSearchParams()
  const put = (name: string, value: string | undefined) => value !== undefined && query.set(name, value)
  const place = (at: number | undefined) => (at === undefined ? undefined : placeText(chronicle, at))
  put("at", place(cursor))
  put("a", place(markA))
  put("b", place(markB))
  put("actor", actor === undefined ? undefined : actorText(chronicle, actor))
  put("field", field)
  put("panel", panel === "changes" ? undefined : panel)
  put("journal", filter.source === undefined ? undefined : chronicle.sources[filter.source]?.label)
  put("of", filter.actor === undefined ? undefined : actorText(chronicle, filter.actor))
  put("type", filter.type === undefined ? undefined : chronicle.types[filter.type])
  put("failures", filter.failures ? "1" : undefined)
  put("from", place(filter.from))
  put("to", place(filter.to))
  put("text", filter.text === "" ? undefined : filter.text)
  return query
}
