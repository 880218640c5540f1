/** The text of a bundle as it is written: the header, the lines of each journal, the end that vouches for them. */
import { sha256 } from "@noble/hashes/sha2.js"
import { Journal } from "@stopcopy/runtime"
import type { ReadError, SealedBatch } from "@stopcopy/runtime"
import { type Context, Effect, Option, Stream } from "effect"
import { toBytes, toHex } from "./Content.ts"
import type { EndLine, Header, JournalEntry } from "./Format.ts"
import { batchLine } from "./Lines.ts"
import type { Writing } from "./Lines.ts"
import { selects, windowOf } from "./Selection.ts"
import type { Selection } from "./Selection.ts"
import { startLines } from "./Starts.ts"

/** A journal that goes into a bundle, and how people call it. */
export interface BundleInput {
  readonly label: string
  readonly journal: Context.Tag.Service<Journal>
}

/** Lines as bytes, hashed and counted on their way. */
export class Lines {
  batches = 0
  starts = 0
  private lines = 0
  private readonly digest = sha256.create()

  readonly part = (texts: ReadonlyArray<string>): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(toBytes(texts.map((text) => `${text}\n`).join("")))
    this.digest.update(bytes)
    this.lines += texts.length
    return bytes
  }

  readonly end = (): Uint8Array<ArrayBuffer> => {
    const { batches, lines, starts } = this
    const end: EndLine = { line: "end", lines, batches, starts, sha256: toHex(this.digest.digest()) }
    return new Uint8Array(toBytes(`${JSON.stringify(end)}\n`))
  }
}

/** A batch of the bundle, with the link before it if that batch is not in it. */
type Linked = readonly [batch: SealedBatch, previous: Uint8Array | undefined]

interface Following {
  readonly hash: Uint8Array
  readonly included: boolean
}

const linked = ({ journal }: BundleInput, selection: Selection): Stream.Stream<Linked, ReadError> => {
  const { first, last } = selection
  const start: Following = { hash: journal.anchor.hash, included: false }
  const follow = (before: Following, batch: SealedBatch): readonly [Following, Option.Option<Linked>] => {
    const included = batch.batch >= first && selects(selection, batch)
    const previous = before.included ? undefined : before.hash
    return [{ hash: batch.hash, included }, included ? Option.some([batch, previous]) : Option.none()]
  }
  // The batch before the window is read too, for its link.
  return windowOf(journal, Math.max(journal.anchor.batch, first - 1), last).pipe(
    Stream.mapAccum(start, follow),
    Stream.filterMap((batch) => batch)
  )
}

const journalLines = (
  writing: Writing,
  lines: Lines,
  input: BundleInput,
  index: number,
  selection: Selection
): Stream.Stream<string, ReadError> => {
  const starts = Stream.fromIterableEffect(startLines(writing, index, selection)).pipe(
    Stream.tap(() => Effect.sync(() => lines.starts++)),
    Stream.provideService(Journal, input.journal)
  )
  const batches = Stream.map(linked(input, selection), ([batch, previous]) => {
    lines.batches++
    return batchLine(writing, index, batch, previous)
  })
  return Stream.map(Stream.concat(starts, batches), (line) => JSON.stringify(line))
}

/** How the header names a journal. */
export const entryOf = ({ journal, label }: BundleInput): Effect.Effect<JournalEntry, ReadError> =>
  Effect.map(journal.head(), (head) => ({
    label,
    id: journal.id,
    name: journal.name,
    anchor: { ...journal.anchor, hash: toHex(journal.anchor.hash) },
    head: { batch: head.batch, sequence: head.sequence }
  }))

/** The text in parts. `selections` by the index of the input; undefined: nothing of it. */
export const textOf = (
  writing: Writing,
  lines: Lines,
  header: Header,
  inputs: ReadonlyArray<BundleInput>,
  selections: ReadonlyArray<Selection | undefined>
): Stream.Stream<Uint8Array<ArrayBuffer>, ReadError> => {
  const body = Stream.flatMap(Stream.fromIterable(inputs.entries()), ([index, input]) => {
    const selection = selections[index]
    return selection === undefined ? Stream.empty : journalLines(writing, lines, input, index, selection)
  })
  const all = Stream.concat(Stream.make(JSON.stringify(header)), body)
  const parts = Stream.map(Stream.chunks(all), (texts) => lines.part([...texts]))
  return Stream.concat(parts, Stream.sync(lines.end))
}
