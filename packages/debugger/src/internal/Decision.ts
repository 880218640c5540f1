/** What deciding again gives, held against what is stored: stream, type and payload of every event, in their order. */
import { encodings } from "@stopcopy/runtime"
import type { DecidedEvent, Envelope, Replay } from "@stopcopy/runtime"
import { Either } from "effect"
import { diffJson } from "../Diff.ts"
import type { Change } from "../Diff.ts"
import { parsedJson, sameJson } from "../Json.ts"
import { rawText } from "../Moment.ts"

/** The first event that is another one. */
export interface Mismatch {
  /** Null where deciding again gives more events than are stored. */
  readonly stored: Envelope | null
  readonly expected: string
  readonly got: string
  readonly changes: ReadonlyArray<Change>
}

/** Characters of a payload that a message shows. */
const shownLength = 200

/** A text for a message. */
export const shown = (text: string): string => (text.length > shownLength ? `${text.slice(0, shownLength)}...` : text)

const none = "no event"

/** JSON text of a stored event by its schema; what is stored where it cannot be read. */
const storedJson = (behavior: Replay.Replayable, stored: Envelope): string =>
  Either.match(behavior.decode(stored), { onLeft: () => rawText(stored), onRight: ({ json }) => json })

const samePayload = (behavior: Replay.Replayable, stored: Envelope, decided: DecidedEvent): boolean => {
  if (stored.payload === null) return true
  if (stored.encoding === encodings.json && rawText(stored) === decided.json) return true
  const json = storedJson(behavior, stored)
  return json === decided.json || sameJson(parsedJson(json), parsedJson(decided.json))
}

const mismatchAt = (
  behavior: Replay.Replayable,
  actor: string,
  stored: Envelope | undefined,
  decided: DecidedEvent | undefined
): Mismatch | undefined => {
  const stream = decided && (decided.suffix === null ? actor : `${actor}/${decided.suffix}`)
  const same =
    stored !== undefined &&
    decided !== undefined &&
    stored.stream === stream &&
    stored.type === decided.type &&
    samePayload(behavior, stored, decided)
  if (same) return undefined
  const json = stored === undefined ? "" : storedJson(behavior, stored)
  return {
    stored: stored ?? null,
    expected: stored === undefined ? none : shown(`${stored.type} of ${stored.stream} ${json}`),
    got: decided === undefined ? none : shown(`${decided.type} of ${stream} ${decided.json}`),
    changes: stored === undefined || decided === undefined ? [] : diffJson(parsedJson(json), parsedJson(decided.json))
  }
}

/** The first difference; undefined if deciding again gives what is stored. Payloads that are redacted are taken as equal. */
export const mismatch = (
  behavior: Replay.Replayable,
  actor: string,
  stored: ReadonlyArray<Envelope>,
  decided: ReadonlyArray<DecidedEvent>
): Mismatch | undefined => {
  for (let index = 0; index < Math.max(stored.length, decided.length); index++) {
    const found = mismatchAt(behavior, actor, stored[index], decided[index])
    if (found !== undefined) return found
  }
  return undefined
}
