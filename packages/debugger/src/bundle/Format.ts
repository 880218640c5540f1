/**
 * The lines of a bundle: gzip of UTF-8 text, one JSON value a line. The first line is the header; `start` and `batch` lines of each
 * journal follow in its order; the last line is `end`. `BUNDLE.md` has the prose and the version rule.
 */
import { Schema } from "effect"

/** What the header calls the format. */
export const formatName = "stopcopy-bundle"

/** Version that this release writes, and the highest that it reads. */
export const formatVersion = 1

/** Stands for the value of a redacted field. */
export const redactedMark = "[redacted]"

const Position = Schema.Struct({ batch: Schema.Int, sequence: Schema.Int })

/** One of the journals that a bundle was made from, as it was then. `label` is how the maker called it. Hashes are hexadecimal. */
export const JournalEntry = Schema.Struct({
  label: Schema.String,
  id: Schema.String,
  name: Schema.String,
  anchor: Schema.Struct({ batch: Schema.Int, sequence: Schema.Int, hash: Schema.String }),
  head: Position
})
export type JournalEntry = typeof JournalEntry.Type

/** Only what tells whether the rest can be read. */
export const Signature = Schema.Struct({ format: Schema.Literal(formatName), version: Schema.Int })

/** A journal that a bundle should have and has not. `reason`: why, for people, in one line. */
export const MissingPart = Schema.Struct({ label: Schema.String, reason: Schema.String })
export type MissingPart = typeof MissingPart.Type

/** The first line. `correlation` null: whole journals. `created` in microseconds since the Unix epoch. */
export const Header = Schema.Struct({
  format: Schema.Literal(formatName),
  version: Schema.Int,
  correlation: Schema.NullOr(Schema.String),
  created: Schema.Int,
  /** Names and paths of the fields that were redacted. */
  redacted: Schema.Array(Schema.String),
  journals: Schema.Array(JournalEntry),
  /** Journals that were asked for and are not here; left out where none is. */
  missing: Schema.optional(Schema.Array(MissingPart))
})
export type Header = typeof Header.Type

/** What was in place of a payload: the hash of the original, and the JSON text of each event in it with marks, where it could be made. */
const Redacted = Schema.Struct({ hash: Schema.String, views: Schema.Array(Schema.String) })

/** Exactly one of these: JSON text as it was stored, other bytes, or a redaction. */
const content = {
  json: Schema.optional(Schema.String),
  base64: Schema.optional(Schema.String),
  redacted: Schema.optional(Redacted)
}
export type Content = Schema.Struct.Type<typeof content>

const RecordEntry = Schema.Struct({
  stream: Schema.String,
  behavior: Schema.String,
  owner: Schema.NullOr(Schema.String),
  sequence: Schema.Int,
  version: Schema.Int,
  count: Schema.Int,
  type: Schema.String,
  schemaVersion: Schema.Int,
  encoding: Schema.Int,
  ...content
})
export type RecordEntry = typeof RecordEntry.Type

const CommandEntry = Schema.Struct({ stream: Schema.String, schemaVersion: Schema.Int, ...content })
export type CommandEntry = typeof CommandEntry.Type

/** A batch as it was sealed. `previous`: the link before it, where the batch before it is not in the bundle. */
export const BatchLine = Schema.Struct({
  line: Schema.Literal("batch"),
  /** Index into the header's journals. */
  journal: Schema.Int,
  batch: Schema.Int,
  firstSequence: Schema.Int,
  time: Schema.Int,
  correlation: Schema.String,
  causation: Schema.NullOr(Schema.String),
  command: Schema.NullOr(CommandEntry),
  records: Schema.Array(RecordEntry),
  previous: Schema.optional(Schema.String),
  hash: Schema.String
})
export type BatchLine = typeof BatchLine.Type

/** The state of a stream before the first batch of its journal in the bundle. `json` is missing where `missing` says why. */
export const StartLine = Schema.Struct({
  line: Schema.Literal("start"),
  journal: Schema.Int,
  stream: Schema.String,
  behavior: Schema.String,
  /** The actor in whose turn the stream is written; null for an actor's own. */
  owner: Schema.NullOr(Schema.String),
  /** The state is that after this event, which is not in the bundle. */
  sequence: Schema.Int,
  /** Version of the stream then. */
  version: Schema.Int,
  schemaVersion: Schema.Int,
  json: Schema.optional(Schema.String),
  missing: Schema.optional(Schema.String),
  /** The state's JSON text with marks, where `missing` says that it is redacted. */
  view: Schema.optional(Schema.String)
})
export type StartLine = typeof StartLine.Type

/** The last line: how many lines are before it, and the hexadecimal SHA-256 of their bytes, line feeds included. */
export const EndLine = Schema.Struct({
  line: Schema.Literal("end"),
  lines: Schema.Int,
  batches: Schema.Int,
  starts: Schema.Int,
  sha256: Schema.String
})
export type EndLine = typeof EndLine.Type

/** A line between the header and the end. */
export const BodyLine = Schema.Union(BatchLine, StartLine)
