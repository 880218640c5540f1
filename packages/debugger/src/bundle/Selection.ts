/**
 * What a bundle holds of one journal. Of a correlation: the window from the first batch that has it to the last one, and in it every
 * batch of every actor that the correlation touches, whatever its correlation, because states are folded from all of them.
 */
import type { Journal, ReadError, SealedBatch } from "@stopcopy/runtime"
import { type Context, Effect, Stream } from "effect"

type Reading = Pick<Context.Tag.Service<Journal>, "anchor" | "batches" | "head" | "name">

/** Batches `first` to `last` of the actors in `families`. */
export interface Selection {
  readonly first: number
  readonly last: number
  /** Sequence of the first event in the window. */
  readonly firstSequence: number
  /** Own streams of the actors; undefined: all. */
  readonly families: ReadonlySet<string> | undefined
  /** Versions before the window of the streams that have events there, by actor and stream. */
  readonly before: ReadonlyMap<string, ReadonlyMap<string, number>>
}

/** The own stream of the actor that a stream belongs to. */
const familyOf = ({ owner, stream }: { readonly owner: string | null; readonly stream: string }): string =>
  owner ?? stream

const familiesOf = (batch: SealedBatch): ReadonlyArray<string> => {
  const families = batch.records.map(familyOf)
  return batch.command === null || families.includes(batch.command.stream)
    ? families
    : [...families, batch.command.stream]
}

/** Whether a selection has a batch of the window. */
export const selects = ({ families }: Selection, batch: SealedBatch): boolean =>
  families === undefined || familiesOf(batch).some((family) => families.has(family))

/** Batches from `first` to `last`. */
export const windowOf = (journal: Reading, first: number, last: number): Stream.Stream<SealedBatch, ReadError> =>
  Stream.takeWhile(journal.batches(first - 1), ({ batch }) => batch <= last)

/** The whole journal, as far as it goes now. */
export const wholeJournal = (journal: Reading): Effect.Effect<Selection, ReadError> =>
  Effect.map(journal.head(), (head) => ({
    first: journal.anchor.batch,
    last: head.batch,
    firstSequence: journal.anchor.sequence,
    families: undefined,
    before: new Map()
  }))

/** What a first pass finds: the window, and the actors of the correlation. */
class Finding {
  first: SealedBatch | undefined
  last = 0
  readonly families = new Set<string>()
  readonly before = new Map<string, Map<string, number>>()
  private readonly correlation: string

  constructor(correlation: string) {
    this.correlation = correlation
  }

  see(batch: SealedBatch): void {
    if (batch.correlation === this.correlation) {
      this.first ??= batch
      this.last = batch.batch
      for (const family of familiesOf(batch)) this.families.add(family)
    }
    if (this.first !== undefined) return
    for (const record of batch.records) {
      const family = familyOf(record)
      const versions = this.before.get(family) ?? new Map<string, number>()
      this.before.set(family, versions.set(record.stream, record.version + record.count - 1))
    }
  }
}

/** Adds the actors that share a batch with one of `families`, until there are no more. */
const close = (journal: Reading, first: number, last: number, families: Set<string>): Effect.Effect<void, ReadError> =>
  Effect.iterate(-1, {
    while: (size) => size !== families.size,
    body: () => {
      const { size } = families
      return Stream.runForEach(windowOf(journal, first, last), (batch) =>
        Effect.sync(() => {
          const touched = familiesOf(batch)
          if (touched.length > 1 && touched.some((family) => families.has(family))) {
            for (const family of touched) families.add(family)
          }
        })
      ).pipe(Effect.as(size))
    }
  })

/** What there is of a correlation; undefined if nothing has it. */
export const selectionOf = Effect.fnUntraced(function* (
  journal: Reading,
  correlation: string
): Effect.fn.Return<Selection | undefined, ReadError> {
  const head = yield* journal.head()
  const found = new Finding(correlation)
  yield* Stream.runForEach(windowOf(journal, journal.anchor.batch, head.batch), (batch) =>
    Effect.sync(() => found.see(batch))
  )
  if (found.first === undefined) return undefined
  const { before, families, first, last } = found
  yield* close(journal, first.batch, last, families)
  return { first: first.batch, last, firstSequence: first.firstSequence, families, before }
})
