/** Several bundles as one: the lines of each as they are, so that its hashes go on holding, under one header and one end. */
import { Stream } from "effect"
import type { BundleText } from "./BundleReader.ts"
import { formatName, formatVersion } from "./Format.ts"
import type { Header, JournalEntry, MissingPart } from "./Format.ts"
import type { Lines } from "./Writer.ts"

/** A bundle that was read, and how its journals are called in the one to come. */
export interface MergedPart {
  readonly text: BundleText
  readonly entryOf: (entry: JournalEntry) => JournalEntry
}

/** Lines that are written at once. */
const chunkLines = 256

/** The header over all parts. `created` in microseconds. */
const headerOf = (parts: ReadonlyArray<MergedPart>, created: number, missing: ReadonlyArray<MissingPart>): Header => {
  const correlations = new Set(parts.map(({ text }) => text.header.correlation))
  const [only = null] = correlations
  return {
    format: formatName,
    version: formatVersion,
    correlation: correlations.size === 1 ? only : null,
    created,
    redacted: [...new Set(parts.flatMap(({ text }) => text.header.redacted))],
    journals: parts.flatMap(({ entryOf, text }) => text.header.journals.map(entryOf)),
    ...(missing.length === 0 ? {} : { missing })
  }
}

/** The lines of one journal stand together, states first: `index` is its number in the part, `own` its new one. */
const linesOf = ({ batches, starts }: BundleText, index: number, own: number): ReadonlyArray<object> =>
  [...starts, ...batches].filter(({ line }) => line.journal === index).map(({ line }) => ({ ...line, journal: own }))

const bodyOf = (parts: ReadonlyArray<MergedPart>): ReadonlyArray<object> => {
  const journals = parts.flatMap(({ text }) => text.header.journals.map((_, index) => ({ text, index })))
  return journals.flatMap(({ index, text }, own) => linesOf(text, index, own))
}

/** The text of the merged bundle in parts. */
export const mergedText = (
  lines: Lines,
  parts: ReadonlyArray<MergedPart>,
  created: number,
  missing: ReadonlyArray<MissingPart>
): Stream.Stream<Uint8Array<ArrayBuffer>> => {
  for (const { text } of parts) {
    lines.batches += text.batches.length
    lines.starts += text.starts.length
  }
  const body = Stream.map(Stream.fromIterable(bodyOf(parts)), (line) => JSON.stringify(line))
  const all = Stream.rechunk(
    Stream.concat(Stream.make(JSON.stringify(headerOf(parts, created, missing))), body),
    chunkLines
  )
  return Stream.concat(
    Stream.map(Stream.chunks(all), (texts) => lines.part([...texts])),
    Stream.sync(lines.end)
  )
}
