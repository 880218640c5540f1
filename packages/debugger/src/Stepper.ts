/**
 * Stepping through a timeline: a pure model for a terminal or a page. It holds places only; moments come in by pages that it
 * asks for (`wanted`), so that a long timeline costs little.
 *
 * T1 `update` is pure and total; an action that cannot be done leaves the cursor where it is and says so in `notice`.
 * T2 A search goes on page by page, as far as pages are there, and waits for the next one: `wanted` names it. It ends at a
 *    match, at the end of the timeline, or with the next action.
 */
import { Either } from "effect"
import { anyText, parsePattern } from "./Filter.ts"
import type { Moment } from "./Moment.ts"
import { stepPage } from "./StepIndex.ts"
import type { StepIndex } from "./StepIndex.ts"

/** Pages that a model keeps; the ones longest there go first. */
export const keptPages = 16

/** What is looked for in stream, type and payload. */
export interface Pattern {
  readonly kind: "text" | "regex"
  readonly text: string
}

/** Which way a search goes. */
export type Direction = 1 | -1

export interface Model {
  readonly index: StepIndex
  /** Place in the timeline, from 0. */
  readonly cursor: number
  readonly pages: ReadonlyMap<number, ReadonlyArray<Moment>>
  readonly pattern: Pattern | undefined
  /** A search under way: the place it looks at next. */
  readonly search: { readonly at: number; readonly step: Direction } | undefined
  /** What the last action could not do, for people. */
  readonly notice: string | undefined
}

export type Action =
  | { readonly _tag: "Forward" | "Back"; readonly count?: number }
  | { readonly _tag: "First" | "Last" | "NextFailure" | "PreviousFailure" | "FindNext" | "FindPrevious" | "Cancel" }
  | { readonly _tag: "Find"; readonly pattern: Pattern; readonly step: Direction }
  /** To the event of a source (its index) with this sequence, or the next one of it that the timeline shows. */
  | { readonly _tag: "GoTo"; readonly source: number; readonly sequence: number }
  | { readonly _tag: "Loaded"; readonly page: number; readonly moments: ReadonlyArray<Moment> }

/** A model at the first moment. */
export const start = (index: StepIndex): Model => ({
  index,
  cursor: 0,
  pages: new Map(),
  pattern: undefined,
  search: undefined,
  notice: undefined
})

const pageOf = (at: number): number => Math.floor(at / stepPage)

/** The moment at a place; undefined while its page is not loaded. */
export const momentAt = ({ pages }: Model, at: number): Moment | undefined => pages.get(pageOf(at))?.[at % stepPage]

const isInside = ({ index }: Model, at: number): boolean => at >= 0 && at < index.count

/** To a place, or the nearest end of the timeline. */
const moved = (model: Model, at: number): Model => ({
  ...model,
  cursor: Math.max(0, Math.min(at, model.index.count - 1)),
  notice: isInside(model, at) ? undefined : at < 0 ? "this is the first event" : "this is the last event"
})

const toFailure = (model: Model, step: Direction): Model => {
  const { cursor, index } = model
  for (let at = cursor + step; isInside(model, at); at += step) {
    if (index.failing[at] === 1) return moved(model, at)
  }
  return { ...model, notice: step === 1 ? "no failure comes after this event" : "no failure is before this event" }
}

/** The test of a pattern; the reason where it is no regular expression. */
const testOf = ({ kind, text }: Pattern): Either.Either<(moment: Moment) => boolean, string> =>
  kind === "text"
    ? Either.right((moment: Moment) => anyText(moment, (each) => each.includes(text)))
    : Either.mapBoth(parsePattern(text), {
        onLeft: ({ message }) => message,
        onRight: (regex) => (moment: Moment) => anyText(moment, (each) => regex.test(each))
      })

/** Goes on with a search as far as the loaded pages reach. */
const searched = (model: Model): Model => {
  const { pattern, search } = model
  if (pattern === undefined || search === undefined) return model
  const test = testOf(pattern)
  if (Either.isLeft(test)) return { ...model, search: undefined, notice: test.left }
  let { at } = search
  for (; isInside(model, at); at += search.step) {
    if (!model.pages.has(pageOf(at))) return { ...model, search: { ...search, at } }
    const moment = momentAt(model, at)
    if (moment !== undefined && test.right(moment)) return moved({ ...model, search: undefined }, at)
  }
  const where = search.step === 1 ? "after" : "before"
  return { ...model, search: undefined, notice: `'${pattern.text}' is not found ${where} this event` }
}

const find = (model: Model, step: Direction): Model =>
  model.pattern === undefined
    ? { ...model, notice: "nothing was searched for yet" }
    : searched({ ...model, search: { at: model.cursor + step, step } })

const goTo = (model: Model, source: number, sequence: number): Model => {
  const { index } = model
  const at = index.sequences.findIndex((each, place) => each >= sequence && index.sourceOf[place] === source)
  return at < 0 ? { ...model, notice: `no event from ${sequence} on is in this timeline` } : moved(model, at)
}

/** With one more page, and without the one longest there if they are too many. */
const loaded = (model: Model, page: number, moments: ReadonlyArray<Moment>): Model => {
  const others = [...model.pages].filter(([each]) => each !== page)
  return searched({ ...model, pages: new Map([...others.slice(1 - keptPages), [page, moments]]) })
}

/** The model after an action. */
export const update = (model: Model, action: Action): Model => {
  if (action._tag === "Loaded") return loaded(model, action.page, action.moments)
  const now: Model = { ...model, search: undefined, notice: undefined }
  switch (action._tag) {
    case "Forward":
      return moved(now, now.cursor + (action.count ?? 1))
    case "Back":
      return moved(now, now.cursor - (action.count ?? 1))
    case "First":
      return { ...now, cursor: 0 }
    case "Last":
      return { ...now, cursor: Math.max(0, now.index.count - 1) }
    case "NextFailure":
      return toFailure(now, 1)
    case "PreviousFailure":
      return toFailure(now, -1)
    case "Find":
      return find({ ...now, pattern: action.pattern }, action.step)
    case "FindNext":
      return find(now, 1)
    case "FindPrevious":
      return find(now, -1)
    case "GoTo":
      return goTo(now, action.source, action.sequence)
    case "Cancel":
      return now
  }
}

/** The first place of `height` lines that have the cursor in the middle, as far as the ends allow. */
const topOf = ({ cursor, index }: Model, height: number): number =>
  Math.max(0, Math.min(cursor - Math.floor(height / 2), index.count - height))

/** The lines around the cursor; a moment that is not loaded yet is undefined. */
export const visible = (
  model: Model,
  height: number
): ReadonlyArray<{ readonly at: number; readonly moment: Moment | undefined }> => {
  const top = topOf(model, height)
  const count = Math.max(0, Math.min(height, model.index.count - top))
  return Array.from({ length: count }, (_, line) => ({ at: top + line, moment: momentAt(model, top + line) }))
}

/** Pages to load now, for `height` lines around the cursor and for a search under way. Feed each back as `Loaded`. */
export const wanted = (model: Model, height: number): ReadonlyArray<number> => {
  const places = visible(model, height).map(({ at }) => at)
  const pages = new Set([...places, ...(model.search === undefined ? [] : [model.search.at])].map(pageOf))
  return [...pages].filter((page) => !model.pages.has(page))
}
