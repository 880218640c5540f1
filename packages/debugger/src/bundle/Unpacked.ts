/** From the lines of a bundle to stored batches, journal by journal, with what can be shown of redacted payloads. */
import { Either } from "effect"
import type { Anchor, SealedBatch, StoredCommand, StoredRecord } from "@stopcopy/runtime"
import type { Numbered } from "./BundleReader.ts"
import { fromHex, storedOf } from "./Content.ts"
import type { BatchLine, CommandEntry, JournalEntry, RecordEntry, StartLine } from "./Format.ts"
import type { LinkedBatch } from "./Links.ts"

/** What a bundle has of one journal. */
export interface JournalPart {
  readonly entry: JournalEntry
  /** Where the kept history begins. */
  readonly anchor: Anchor
  readonly batches: ReadonlyArray<LinkedBatch>
  readonly starts: ReadonlyArray<StartLine>
  /** JSON text of redacted events, by sequence. */
  readonly views: ReadonlyMap<number, string>
  /** JSON text of redacted commands, by batch. */
  readonly commandViews: ReadonlyMap<number, string>
}

interface Views {
  readonly events: Map<number, string>
  readonly commands: Map<number, string>
}

/** A line that cannot be understood. */
interface BadLine {
  readonly line: number
  readonly reason: string
}

const commandOf = (entry: CommandEntry): Either.Either<StoredCommand, string> =>
  Either.map(storedOf(entry), ({ bytes, hash }) => ({
    stream: entry.stream,
    schemaVersion: entry.schemaVersion,
    bytes,
    hash
  }))

const recordOf =
  ({ batch, causation, correlation, time }: BatchLine) =>
  (entry: RecordEntry): Either.Either<StoredRecord, string> =>
    Either.map(storedOf(entry), ({ bytes, hash }) => ({
      sequence: entry.sequence,
      count: entry.count,
      batch,
      time,
      correlation,
      causation,
      stream: entry.stream,
      behavior: entry.behavior,
      owner: entry.owner,
      version: entry.version,
      type: entry.type,
      schemaVersion: entry.schemaVersion,
      encoding: entry.encoding,
      payload: bytes,
      payloadHash: hash
    }))

const batchOf = (line: BatchLine): Either.Either<SealedBatch, string> =>
  Either.gen(function* () {
    const { batch, causation, correlation, firstSequence, time } = line
    const command = line.command === null ? null : yield* commandOf(line.command)
    const records = yield* Either.all(line.records.map(recordOf(line)))
    return { batch, firstSequence, time, correlation, causation, command, records, hash: yield* fromHex(line.hash) }
  })

const keepViews = (views: Views, line: BatchLine): void => {
  const [command] = line.command?.redacted?.views ?? []
  if (command !== undefined) views.commands.set(line.batch, command)
  for (const { redacted, sequence } of line.records) {
    redacted?.views.forEach((view, index) => views.events.set(sequence + index, view))
  }
}

const linkedOf = ({ line, number }: Numbered<BatchLine>): Either.Either<LinkedBatch, BadLine> =>
  Either.mapLeft(
    Either.gen(function* () {
      const sealed = yield* batchOf(line)
      const previous = line.previous === undefined ? undefined : yield* fromHex(line.previous)
      return { sealed, previous, line: number }
    }),
    (reason) => ({ line: number, reason })
  )

/** Batches without order cannot be searched. */
const misplaced = (batches: ReadonlyArray<LinkedBatch>): BadLine | undefined => {
  let last = { batch: 0, sequence: 0 }
  for (const { line, sealed } of batches) {
    const records = sealed.records.length
    const ordered = sealed.batch > last.batch && sealed.firstSequence > last.sequence
    if (records === 0 || !ordered) return { line, reason: "the batch is empty or out of order" }
    for (const { count, sequence } of sealed.records) {
      if (sequence <= last.sequence || count < 1) return { line, reason: `event ${sequence} is out of order` }
      last = { batch: sealed.batch, sequence: sequence + count - 1 }
    }
  }
  return undefined
}

const anchorOf = (entry: JournalEntry, first: LinkedBatch | undefined): Either.Either<Anchor, string> =>
  first?.previous === undefined
    ? Either.map(fromHex(entry.anchor.hash), (hash) => ({ ...entry.anchor, hash }))
    : Either.right({ batch: first.sealed.batch, sequence: first.sealed.firstSequence, hash: first.previous })

/** One journal's part; the first line that cannot be understood. */
export const partOf = (
  entry: JournalEntry,
  lines: ReadonlyArray<Numbered<BatchLine>>,
  starts: ReadonlyArray<StartLine>
): Either.Either<JournalPart, BadLine> =>
  Either.gen(function* () {
    const views: Views = { events: new Map(), commands: new Map() }
    const batches = yield* Either.all(lines.map(linkedOf))
    const bad = misplaced(batches)
    if (bad !== undefined) return yield* Either.left(bad)
    for (const { line } of lines) keepViews(views, line)
    const anchor = yield* Either.mapLeft(anchorOf(entry, batches[0]), (reason) => ({ line: 1, reason }))
    return { entry, anchor, batches, starts, views: views.events, commandViews: views.commands }
  })
