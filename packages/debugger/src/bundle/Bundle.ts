/**
 * Incident bundles: everything about one correlation id out of several journals, or the whole of them, in one compressed file. Opening
 * one runs nothing that is in it and needs nothing else. The prose of the format, with its version rule, is in `BUNDLE.md`.
 */
import type { ReadError, Replay } from "@stopcopy/runtime"
import { Array, Effect, type Either, type Scope, Stream } from "effect"
import { type BadField, NoSuchCorrelation, NotABundle, type OpenBundleError } from "./BundleError.ts"
import { BundleReader } from "./BundleReader.ts"
import { formatName, formatVersion } from "./Format.ts"
import type { Header, JournalEntry, MissingPart } from "./Format.ts"
import { pack, unpack } from "./Gzip.ts"
import { type MergedPart, mergedText } from "./Merged.ts"
import { changed, openedJournal, partsOf } from "./Opened.ts"
import type { OpenedJournal } from "./Opened.ts"
import { Redactor } from "./Redactor.ts"
import { selectionOf, wholeJournal } from "./Selection.ts"
import { entryOf, Lines, textOf } from "./Writer.ts"
import type { BundleInput } from "./Writer.ts"

export interface CreateOptions {
  /** Behaviors, for starting states and for what is packed. */
  readonly registry: Replay.Registry
  /** When the bundle is made: microseconds since the Unix epoch. */
  readonly created: number
  /** Only what belongs to this correlation id. Default: whole journals. */
  readonly correlation?: string
  /** Fields whose values are not in the bundle (`Redactor.ts` says how they are named). */
  readonly redact?: ReadonlyArray<string>
}

/** A bundle, and what went into it. */
export interface CreatedBundle {
  /** Packed. */
  readonly bytes: Uint8Array
  readonly batches: number
  readonly starts: number
  /** How many values were redacted, by the field as it was named. 0: there is no such field. */
  readonly redacted: ReadonlyMap<string, number>
  /** Payloads that are left out because nobody could look for the fields in them. */
  readonly unseen: number
}

const selectAll = (inputs: ReadonlyArray<BundleInput>, correlation: string | undefined) =>
  Effect.forEach(inputs, ({ journal }) =>
    correlation === undefined ? wholeJournal(journal) : selectionOf(journal, correlation)
  )

/** A bundle of these journals. Reads only. */
export const create = Effect.fn("Bundle.create")(function* (
  inputs: ReadonlyArray<BundleInput>,
  options: CreateOptions
): Effect.fn.Return<CreatedBundle, ReadError | NoSuchCorrelation | BadField> {
  const { correlation, created, registry } = options
  const redact = options.redact ?? []
  const redactor = yield* Redactor.make(redact)
  const journals = yield* Effect.forEach(inputs, entryOf)
  const selections = yield* selectAll(inputs, correlation)
  if (correlation !== undefined && selections.every((selection) => selection === undefined)) {
    return yield* new NoSuchCorrelation({ correlation, journals: inputs.map(({ label }) => label).join(", ") })
  }
  const header: Header = {
    format: formatName,
    version: formatVersion,
    correlation: correlation ?? null,
    created,
    redacted: redact,
    journals
  }
  const lines = new Lines()
  const bytes = yield* pack(textOf({ registry, redactor }, lines, header, inputs, selections))
  return { bytes, batches: lines.batches, starts: lines.starts, redacted: redactor.matches, unseen: redactor.unseen }
})

/** Bytes of a bundle's unpacked text, at most: it is kept in memory, in browsers too. Reason: a bundle packs 10 to 40 times. */
export const maxUnpackedBytes = 512 * 1024 * 1024

/** The two bytes that every gzip file begins with. */
const gzipMagic = [0x1f, 0x8b] as const

/** True if the bytes begin as a bundle does. They may still be something else that is packed. */
export const isPacked = (bytes: Uint8Array): boolean => gzipMagic.every((byte, index) => bytes[index] === byte)

/** What is in a bundle. */
export interface OpenedBundle {
  readonly header: Header
  /** In the order of the header. */
  readonly journals: ReadonlyArray<OpenedJournal>
}

const readAll = (name: string, bytes: Uint8Array<ArrayBuffer>, limit: number) =>
  Effect.suspend(() => {
    const reader = new BundleReader(name, limit)
    return unpack(bytes).pipe(
      Stream.mapError((reason) => reader.broken(reason)),
      Stream.runForEach((chunk) => reader.read(chunk)),
      Effect.flatMap(() => reader.finish())
    )
  })

const readIntact = Effect.fnUntraced(function* (name: string, bytes: Uint8Array<ArrayBuffer>, limit: number) {
  if (!isPacked(bytes)) return yield* new NotABundle({ bundle: name, reason: "it is no gzip file" })
  const text = yield* readAll(name, bytes, limit)
  const parts = yield* partsOf(name, text)
  if (!text.intact) return yield* changed(name, text, parts)
  return { text, parts }
})

/**
 * Opens the bundle in `bytes`, which messages call `name`. `limit` in bytes of unpacked text. Works offline; what the journals of
 * the result refuse is appending. Unknown events are no error.
 */
export const open = Effect.fn("Bundle.open")(function* (
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  limit: number = maxUnpackedBytes
): Effect.fn.Return<OpenedBundle, OpenBundleError, Scope.Scope> {
  const { parts, text } = yield* readIntact(name, bytes, limit)
  return { header: text.header, journals: yield* Effect.forEach(parts, openedJournal) }
})

/** A bundle that goes into a merged one. */
export interface MergeInput {
  /** How its journal is called in the merged one, unique there; of several, `LABEL-` before their own labels. */
  readonly label: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface MergeOptions {
  /** When the merged bundle is made: microseconds since the Unix epoch. */
  readonly created: number
  /** Journals that should be there and are not. */
  readonly missing: ReadonlyArray<MissingPart>
  /** Bytes of unpacked text of each part, at most. */
  readonly limit?: number
}

const relabelled =
  (label: string, { journals }: Header) =>
  (entry: JournalEntry): JournalEntry => ({
    ...entry,
    label: journals.length === 1 ? label : `${label}-${entry.label}`
  })

const readPart = ({ bytes, label }: MergeInput, limit: number): Effect.Effect<Either.Either<MergedPart, MissingPart>> =>
  readIntact(`the part of the ${label}`, bytes, limit).pipe(
    Effect.map(({ text }) => ({ text, entryOf: relabelled(label, text.header) })),
    Effect.mapError(({ message }) => ({ label, reason: message })),
    Effect.either
  )

/**
 * One bundle of several, each made where its journal is. Payloads, hashes and redactions stay as they are; nothing is decoded. A part that cannot be read is
 * named as missing.
 */
export const merge = Effect.fn("Bundle.merge")(function* (
  inputs: ReadonlyArray<MergeInput>,
  { created, limit = maxUnpackedBytes, missing }: MergeOptions
): Effect.fn.Return<Uint8Array> {
  const [unreadable, parts] = Array.separate(yield* Effect.forEach(inputs, (input) => readPart(input, limit)))
  return yield* pack(mergedText(new Lines(), parts, created, [...missing, ...unreadable]))
})
