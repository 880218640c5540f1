/** `stopcopy bundle open BUNDLE`: what is in a bundle, and whether it is what was written. Runs nothing. */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Bundle, OpenedJournal } from "@stopcopy/debugger"
import type { ReadError } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import { columns, plural } from "../Columns.ts"
import { openSources } from "../journal/Sources.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { Misuse, negative, Negative } from "../Outcome.ts"
import { registry } from "../replay/Registry.ts"
import { timeText } from "../replay/TimelineText.ts"

/** An actor, with the events that the bundle has of it and of the streams it owns. */
interface ActorCount {
  readonly stream: string
  readonly behavior: string
  readonly known: boolean
  readonly streams: number
  /** Whether its state before the first batch is there; undefined if it has none. */
  readonly start: string | undefined
}

interface Content {
  readonly journal: OpenedJournal
  readonly actors: ReadonlyArray<ActorCount>
  /** What is wrong with the hash chain, if anything. */
  readonly damage: string | undefined
}

const actorsOf = ({ source, starts }: OpenedJournal): Effect.Effect<ReadonlyArray<ActorCount>, ReadError> =>
  Effect.map(source.journal.streams(), (streams) => {
    const owners = [...new Set(streams.map(({ owner, stream }) => owner ?? stream))]
    return owners.map((stream) => {
      const [prefix = stream] = stream.split("/", 1)
      const behavior = streams.find((each) => each.stream === stream)?.behavior ?? prefix
      const start = starts.find((each) => each.stream === stream)
      return {
        stream,
        behavior,
        known: registry.has(behavior),
        streams: streams.filter((each) => each.stream === stream || each.owner === stream).length,
        start: start === undefined ? undefined : (start.missing ?? "there")
      }
    })
  })

const contentOf = (journal: OpenedJournal): Effect.Effect<Content, ReadError> =>
  Effect.map(actorsOf(journal), (actors) => {
    const checked = journal.checkLinks()
    return { journal, actors, damage: Either.isLeft(checked) ? checked.left.message : undefined }
  })

const headerLines = (path: string, { header }: Bundle.OpenedBundle): ReadonlyArray<string> => [
  `${path}: version ${header.version}, made ${timeText(header.created)}`,
  `  correlation  ${header.correlation ?? "all (whole journals)"}`,
  `  redacted     ${header.redacted.length === 0 ? "nothing" : header.redacted.join(", ")}`,
  ...(header.missing ?? []).map(({ label, reason }) => `  missing      ${label}: ${reason}`)
]

const contentLines = ({ actors, damage, journal }: Content): ReadonlyArray<string> => {
  const { batches, entry, events, whole } = journal
  const extent = whole ? "the whole journal" : `of batches ${entry.anchor.batch} to ${entry.head.batch}`
  const rows = actors.map(({ behavior, known, start, stream, streams }) => [
    `  ${stream}`,
    known ? behavior : `${behavior} (not known here, shown raw)`,
    plural(streams, "stream"),
    start === undefined ? "" : `starting state: ${start}`
  ])
  return [
    `journal ${entry.label}: ${plural(batches, "batch").replace(/batchs$/, "batches")}, ${plural(events, "event")}, ${extent}`,
    `  id           ${entry.id}`,
    `  hashes       ${damage ?? "every batch is what was written"}`,
    ...columns(rows)
  ]
}

const contentFields = ({ actors, damage, journal: { batches, entry, events, whole } }: Content): object => ({
  ...entry,
  batches,
  events,
  whole,
  actors,
  damage: damage ?? null
})

/** Prints what is in the bundle; fails with `Negative` if a hash is not that of its batch. */
export const openBundle = (options: {
  readonly file: string
  readonly json: boolean
}): Effect.Effect<void, Misuse | Negative, FileSystem> =>
  Effect.gen(function* () {
    const [first] = yield* openSources([options.file])
    if (first?.bundle === undefined) {
      return yield* new Misuse({ message: `${options.file} is a journal, not a bundle: look into it with replay` })
    }
    const { opened } = first.bundle
    const contents = yield* Effect.mapError(Effect.forEach(opened.journals, contentOf), negative)
    yield* printLines(
      options.json
        ? [jsonLine({ ...opened.header, journals: contents.map(contentFields) })]
        : [...headerLines(options.file, opened), ...contents.flatMap(contentLines)]
    )
    const damage = contents.find((content) => content.damage !== undefined)?.damage
    if (damage !== undefined) yield* new Negative({ message: damage })
  }).pipe(Effect.scoped)
