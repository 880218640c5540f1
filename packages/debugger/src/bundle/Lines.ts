/** From what a journal gives to the lines of a bundle, redaction included. */
import { encodings, eventsOf } from "@stopcopy/runtime"
import type { Replay, SealedBatch, StoredCommand, StoredRecord } from "@stopcopy/runtime"
import { Either } from "effect"
import { plainContent, toHex, toText, withheld } from "./Content.ts"
import type { BatchLine, CommandEntry, Content, RecordEntry } from "./Format.ts"
import type { Redactor } from "./Redactor.ts"

/** What decides how content is written. */
export interface Writing {
  readonly registry: Replay.Registry
  readonly redactor: Redactor
}

const isText = (encoding: number): boolean => encoding === encodings.json || encoding === encodings.base

/** JSON that may be redacted. What cannot be looked into is withheld: it could hold a named field. */
const jsonContent = (redactor: Redactor, bytes: Uint8Array): Content => {
  const text = toText(bytes)
  const redacted = redactor.redact(text ?? "")
  if (text !== undefined && redacted === text) return { json: text }
  return withheld(bytes, redacted === undefined ? [] : [redacted])
}

/** A run, of which one redacted entry withholds all: the entries share one hash. */
const runContent = ({ redactor, registry }: Writing, record: StoredRecord, bytes: Uint8Array): Content => {
  const known = registry.get(record.behavior)
  const texts = eventsOf(record).map((event) => {
    const decoded = known?.decode(event)
    return decoded !== undefined && Either.isRight(decoded) ? decoded.right.json : ""
  })
  const views = texts.map((text) => redactor.redact(text))
  if (views.every((view, index) => view === texts[index])) return plainContent(bytes, false)
  const shown = views.filter((view) => view !== undefined)
  return withheld(bytes, shown.length === views.length ? shown : [])
}

const recordContent = (writing: Writing, record: StoredRecord): Content => {
  const { encoding, payload, payloadHash } = record
  if (payload === null) return gone(payloadHash)
  if (!writing.redactor.active) return plainContent(payload, isText(encoding))
  return isText(encoding) ? jsonContent(writing.redactor, payload) : runContent(writing, record, payload)
}

/** What the journal itself has redacted already. */
const gone = (hash: Uint8Array | null): Content => ({
  redacted: { hash: hash === null ? "" : toHex(hash), views: [] }
})

const recordEntry = (writing: Writing, record: StoredRecord): RecordEntry => ({
  stream: record.stream,
  behavior: record.behavior,
  owner: record.owner,
  sequence: record.sequence,
  version: record.version,
  count: record.count,
  type: record.type,
  schemaVersion: record.schemaVersion,
  encoding: record.encoding,
  ...recordContent(writing, record)
})

const commandContent = ({ redactor }: Writing, { bytes, hash }: StoredCommand): Content => {
  if (bytes === null) return gone(hash)
  return redactor.active ? jsonContent(redactor, bytes) : plainContent(bytes, true)
}

const commandEntry = (writing: Writing, command: StoredCommand): CommandEntry => ({
  stream: command.stream,
  schemaVersion: command.schemaVersion,
  ...commandContent(writing, command)
})

/** `previous` is the link before the batch, if that batch is not in the bundle. */
export const batchLine = (
  writing: Writing,
  journal: number,
  batch: SealedBatch,
  previous: Uint8Array | undefined
): BatchLine => ({
  line: "batch",
  journal,
  batch: batch.batch,
  firstSequence: batch.firstSequence,
  time: batch.time,
  correlation: batch.correlation,
  causation: batch.causation,
  command: batch.command === null ? null : commandEntry(writing, batch.command),
  records: batch.records.map((record) => recordEntry(writing, record)),
  ...(previous === undefined ? {} : { previous: toHex(previous) }),
  hash: toHex(batch.hash)
})
