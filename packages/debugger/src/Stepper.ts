/**
 * Stepping through a timeline: a pure model for a terminal or a page. It holds places only; moments come in by pages that it
 * asks for (`wanted`), so that a long timeline costs little.
 */
import type { Moment } from "./Moment.ts"
import type { StepIndex } from "./StepIndex.ts"

/** Moments in one page. */
export const stepPage = 128

/** Pages that a model keeps; the ones longest unused go first. */
export const keptPages = 16

/** What is looked for in stream, type and payload. */
export interface Pattern {
  readonly kind: "text" | "regex"
  readonly text: string
}

export interface Model {
  readonly index: StepIndex
  /** Place in the timeline, from 0. */
  readonly cursor: number
  readonly pages: ReadonlyMap<number, ReadonlyArray<Moment>>
  readonly pattern: Pattern | undefined
  /** A search under way: where it goes on and in which direction. */
  readonly search: { readonly at: number; readonly step: 1 | -1 } | undefined
  /** What the last action could not do, for people. */
  readonly notice: string | undefined
}

export type Action =
  | { readonly _tag: "Forward" | "Back"; readonly count?: number }
  | { readonly _tag: "First" | "Last" | "NextFailure" | "PreviousFailure" | "FindNext" | "FindPrevious" | "Cancel" }
  | { readonly _tag: "Find"; readonly pattern: Pattern; readonly step: 1 | -1 }
  /** To the event of a point, or the next one of its source that the filter shows. */
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

/** The model after an action. Pure and total. */
export const update = (model: Model, _action: Action): Model => model

/** Pages to load now: for `height` lines around the cursor, and for a search under way. Feed each back as `Loaded`. */
export const wanted = (_model: Model, _height: number): ReadonlyArray<number> => []

/** The lines around the cursor; a moment that is not loaded yet is undefined. */
export const visible = (
  _model: Model,
  _height: number
): ReadonlyArray<{ readonly at: number; readonly moment: Moment | undefined }> => []
