/** The states of a bundle's actors before its window, from which they are folded when it is opened. */
import { Journal, type ReadError, Replay } from "@stopcopy/runtime"
import { Effect } from "effect"
import type { StartLine } from "./Format.ts"
import type { Writing } from "./Lines.ts"
import type { Selection } from "./Selection.ts"

/** Which stream of an actor a state belongs to. */
type Place = Pick<StartLine, "line" | "journal" | "stream" | "owner" | "sequence" | "version">

const stateFields = (
  { redactor, registry }: Writing,
  behavior: string,
  json: string
): Pick<StartLine, "schemaVersion" | "json" | "missing" | "view"> => {
  const schemaVersion = registry.get(behavior)?.version ?? 0
  const view = redactor.active ? redactor.redact(json) : json
  if (view === json) return { schemaVersion, json }
  return { schemaVersion, missing: "fields of it are redacted", ...(view === undefined ? {} : { view }) }
}

const outside = (thrown: unknown) =>
  ({ _tag: "Outside", message: `it is outside its schema: ${String(thrown)}` }) as const

const missing =
  (place: Place, behavior: string) =>
  ({ message }: { readonly message: string }): Effect.Effect<StartLine> =>
    Effect.succeed({ ...place, behavior, schemaVersion: 0, missing: message })

/** The state of one stream; the reason where it cannot be computed. */
const startOf = Effect.fnUntraced(function* (
  writing: Writing,
  place: Place
): Effect.fn.Return<StartLine, ReadError, Journal> {
  const journal = yield* Journal
  const family = yield* journal.streams(place.stream)
  const [prefix = place.stream] = place.stream.split("/", 1)
  const behavior = family.find(({ stream }) => stream === place.stream)?.behavior ?? prefix
  // What is wrong with a value quotes it, also one that is to be redacted.
  const unreadable = ({ message }: { readonly message: string }) =>
    missing(place, behavior)({ message: writing.redactor.active ? "it cannot be computed" : message })
  return yield* Replay.stateAt(writing.registry, place.stream, place.sequence).pipe(
    // A state outside its schema shows only when its text is made.
    Effect.flatMap(({ state }) => Effect.try({ try: () => state.json, catch: outside })),
    Effect.map((json): StartLine => ({ ...place, behavior, ...stateFields(writing, behavior, json) })),
    Effect.catchTags({
      NoSuchStream: unreadable,
      RedactedEvent: unreadable,
      UndecodableEvent: unreadable,
      UnknownBehavior: () => missing(place, behavior)({ message: `behavior ${behavior} is not known here` }),
      Outside: unreadable
    })
  )
})

/** Lines for the streams of every actor of the selection that has events before the window. */
export const startLines = (
  writing: Writing,
  journal: number,
  { before, families, firstSequence }: Selection
): Effect.Effect<ReadonlyArray<StartLine>, ReadError, Journal> => {
  const actors = [...before].filter(([family]) => families?.has(family) === true)
  const places = actors.flatMap(([family, versions]) =>
    // An actor whose events are all in streams that it owns has a state too.
    [...new Map([[family, 0], ...versions])].map(([stream, version]): Place => ({
      line: "start",
      journal,
      stream,
      owner: stream === family ? null : family,
      sequence: firstSequence - 1,
      version
    }))
  )
  return Effect.forEach(places, (place) => startOf(writing, place))
}
