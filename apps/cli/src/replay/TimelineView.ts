/** Prints a timeline: lines of text, lines of JSON, or the trees of what led to what. */
import { type Filter, forest, type Source, timeline } from "@stopcopy/debugger"
import { Effect, Stream } from "effect"
import { plural } from "../Columns.ts"
import type { OpenedSource } from "../journal/Sources.ts"
import { sourcesOf } from "../journal/Reading.ts"
import { jsonLine, printLines } from "../Lines.ts"
import { known } from "./Registry.ts"
import { momentFields, momentText } from "./TimelineText.ts"
import type { Widths } from "./TimelineText.ts"
import { nodeFields, nodeLines } from "./TreeText.ts"

/** Lines printed at once. */
const linesAtOnce = 256

/** Prints the lines, and answers how many there were. */
const printed = <E>(lines: Stream.Stream<string, E>): Effect.Effect<number, E> =>
  lines.pipe(
    Stream.grouped(linesAtOnce),
    Stream.runFoldEffect(0, (count, page) => Effect.as(printLines([...page]), count + page.length))
  )

/** A text that shows no event says so; JSON has no line for none. */
const tellOfNone = (lines: number, json: boolean): Effect.Effect<void> =>
  lines > 0 || json ? Effect.void : printLines(["no event matches"])

const longest = (texts: ReadonlyArray<string>): number =>
  texts.reduce((width, { length }) => Math.max(width, length), 0)

const widthsOf = (sources: ReadonlyArray<Source>) =>
  Effect.gen(function* () {
    const heads = yield* Effect.forEach(sources, ({ journal }) => journal.head())
    const streams = (yield* Effect.forEach(sources, ({ journal }) => journal.streams())).flat()
    const widths: Widths = {
      label: sources.length === 1 ? 0 : longest(sources.map(({ label }) => label)),
      sequence: longest(heads.map(({ sequence }) => `${sequence}`)),
      stream: longest(streams.map(({ stream }) => stream))
    }
    return { widths, streams: streams.length }
  })

/** Events that a source has: in a bundle there may be gaps. */
const eventsIn = ({ bundle, source: { journal } }: OpenedSource) =>
  bundle === undefined
    ? Effect.map(journal.head(), ({ sequence }) => sequence - journal.anchor.sequence + 1)
    : Effect.succeed(bundle.opened.journals[bundle.index]?.events ?? 0)

const headline = (opened: ReadonlyArray<OpenedSource>, streams: number) =>
  Effect.map(Effect.forEach(opened, eventsIn), (counts) => {
    const events = counts.reduce((sum, count) => sum + count, 0)
    const names = [...new Set(opened.map(({ path }) => path))].join(", ")
    return `${names}: ${plural(events, "event")} in ${plural(streams, "stream")}; times are UTC`
  })

/** Every event that the filter lets through. */
export const showTimeline = (opened: ReadonlyArray<OpenedSource>, filter: Filter, json: boolean) =>
  Effect.gen(function* () {
    const sources = sourcesOf(opened)
    const { streams, widths } = yield* widthsOf(sources)
    if (!json) yield* printLines([yield* headline(opened, streams)])
    const lines = yield* printed(
      Stream.map(timeline(sources, known, filter), (moment) =>
        json ? jsonLine(momentFields(moment)) : momentText(moment, widths)
      )
    )
    yield* tellOfNone(lines, json)
  })

/** The trees of what led to what, each up to its root. */
export const showTree = (opened: ReadonlyArray<OpenedSource>, filter: Filter, json: boolean) =>
  Effect.gen(function* () {
    const trees = yield* forest(sourcesOf(opened), known, filter)
    const lines = yield* printed(
      Stream.mapConcat(Stream.fromIterable(trees), (tree) =>
        json ? [jsonLine(nodeFields(tree))] : nodeLines(tree, opened.length > 1)
      )
    )
    yield* tellOfNone(lines, json)
  })
