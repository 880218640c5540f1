/** The journals of a bundle whose text has been read. */
import { makeJournal } from "@stopcopy/runtime"
import type { JournalDamaged } from "@stopcopy/runtime"
import { Effect, Either, type Scope } from "effect"
import type { Source } from "../Source.ts"
import { makeBundleDriver } from "./BundleDriver.ts"
import { BundleDamaged } from "./BundleError.ts"
import type { BundleText, Numbered } from "./BundleReader.ts"
import type { JournalEntry, StartLine } from "./Format.ts"
import { checkLinks } from "./Links.ts"
import { partOf } from "./Unpacked.ts"
import type { JournalPart } from "./Unpacked.ts"

/** One journal of an opened bundle. */
export interface OpenedJournal {
  /** The journal as it was. */
  readonly entry: JournalEntry
  /** For every question of the debugger. */
  readonly source: Source
  readonly batches: number
  readonly events: number
  /** True if the bundle has all of the journal's batches; of a correlation it has some. */
  readonly whole: boolean
  /** States of actors before the first batch. */
  readonly starts: ReadonlyArray<StartLine>
  /** Checks every link of the hash chain that the bundle has, also behind gaps. Fails with the first bad batch. */
  readonly checkLinks: () => Either.Either<void, JournalDamaged>
}

/** Lines by the journal that they name. */
const byJournal = <Line extends { readonly journal: number }>(
  lines: ReadonlyArray<Numbered<Line>>
): ReadonlyMap<number, ReadonlyArray<Numbered<Line>>> => {
  const groups = new Map<number, Array<Numbered<Line>>>()
  for (const each of lines) {
    const group = groups.get(each.line.journal)
    if (group === undefined) groups.set(each.line.journal, [each])
    else group.push(each)
  }
  return groups
}

/** What there is of each journal, in the order of the header. */
export const partsOf = (
  name: string,
  { batches, header, starts }: BundleText
): Either.Either<ReadonlyArray<JournalPart>, BundleDamaged> => {
  const [batchesOf, startsOf] = [byJournal(batches), byJournal(starts)]
  const parts = header.journals.map((entry, index) =>
    partOf(
      entry,
      batchesOf.get(index) ?? [],
      (startsOf.get(index) ?? []).map(({ line }) => line)
    )
  )
  const stray = [...batches, ...starts].find(({ line }) => header.journals[line.journal] === undefined)
  const bad =
    stray === undefined
      ? Either.all(parts)
      : Either.left({ line: stray.number, reason: `it names journal ${stray.line.journal}, which the header lacks` })
  return Either.mapLeft(bad, ({ line, reason }) => new BundleDamaged({ bundle: name, line, difference: reason }))
}

const checkedOf = ({ anchor, batches, entry }: JournalPart) =>
  checkLinks({ name: entry.label, id: entry.id, anchor }, batches)

/** Where a bundle differs from what was made: at a batch whose link is not that of its contents, else somewhere. */
export const changed = (name: string, text: BundleText, parts: ReadonlyArray<JournalPart>): BundleDamaged => {
  for (const part of parts) {
    const checked = checkedOf(part)
    if (Either.isLeft(checked)) {
      const { damage, line } = checked.left
      return new BundleDamaged({ bundle: name, line, difference: damage.message })
    }
  }
  return new BundleDamaged({
    bundle: name,
    line: text.lines,
    difference: "its count or SHA-256 is not that of the lines before it, though every batch has its hash"
  })
}

const isWhole = ({ batches, entry }: JournalPart): boolean =>
  batches.every(({ previous }, index) => index === 0 || previous === undefined) &&
  (batches[0]?.sealed.batch ?? entry.anchor.batch) === entry.anchor.batch &&
  // A journal that is in use may have grown while it was read.
  (batches.at(-1)?.sealed.batch ?? entry.anchor.batch - 1) >= entry.head.batch

const sourceOf = (part: JournalPart, journal: Source["journal"]): Source => {
  const { batches, commandViews, entry, views } = part
  const links = new Map(batches.map(({ previous, sealed }) => [sealed.batch, previous]))
  return {
    label: entry.label,
    journal,
    redactedView: (sequence) => views.get(sequence),
    redactedCommand: (batch) => commandViews.get(batch),
    ...(isWhole(part) ? {} : { previousHash: (batch: number) => links.get(batch) })
  }
}

/** A journal of the bundle, to be read. */
export const openedJournal = (part: JournalPart): Effect.Effect<OpenedJournal, never, Scope.Scope> => {
  const { anchor, batches, entry, starts } = part
  const driver = makeBundleDriver({ entry, anchor, batches: batches.map(({ sealed }) => sealed), starts })
  const records = batches.flatMap(({ sealed }) => sealed.records)
  return Effect.map(makeJournal(driver), (journal) => ({
    entry,
    source: sourceOf(part, journal),
    batches: batches.length,
    events: records.reduce((sum, { count }) => sum + count, 0),
    whole: isWhole(part),
    starts,
    checkLinks: () => Either.mapLeft(checkedOf(part), ({ damage }) => damage)
  }))
}
