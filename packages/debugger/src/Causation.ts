/** Causation ids: `17` is event 17 of the same journal, `<journal id>/17` one of another. */
import type { Source } from "./Source.ts"
import type { Point } from "./Point.ts"

/** An id taken apart; undefined for none, and for what is no id of an event. */
export const causeOf = (
  causation: string | null
): { readonly journal: string | undefined; readonly sequence: number } | undefined => {
  if (causation === null) return undefined
  const slash = causation.lastIndexOf("/")
  const digits = causation.slice(slash + 1)
  if (!/^[1-9]\d*$/.test(digits)) return undefined
  return { journal: slash < 0 ? undefined : causation.slice(0, slash), sequence: Number(digits) }
}

/** The event that an id recorded in `source` means; undefined if none of the sources is its journal. */
export const causePoint = (
  sources: ReadonlyArray<Source>,
  source: Source,
  causation: string | null
): Point | undefined => {
  const cause = causeOf(causation)
  if (cause === undefined) return undefined
  const { journal, sequence } = cause
  const found = journal === undefined ? source : sources.find((each) => each.journal.id === journal)
  return found && { source: found, sequence }
}
