/**
 * Is a journal what was written, and does it still say the same? Hashes and numbers of every batch, the fold of the events
 * against snapshots and base events, and every stored command decided again. One pass that ends at the first divergence; memory
 * grows with the number of actors only.
 */
import { Verify } from "@stopcopy/runtime"
import type { JournalDamaged, JournalUnavailable, ReadError, SealedBatch, Snapshot } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import type { Scope } from "effect"
import { Counts } from "./CheckReport.ts"
import type { CheckReport, Divergence } from "./CheckReport.ts"
import type { ActorFold } from "./internal/ActorFold.ts"
import { CheckedActors } from "./internal/CheckedActors.ts"
import { pulled } from "./internal/Pulled.ts"
import type { Pulled } from "./internal/Pulled.ts"
import type { Known } from "./Known.ts"
import type { Source } from "./Source.ts"

export interface CheckOptions {
  /** A faster SHA-256 than the portable one. */
  readonly sha256?: Verify.Sha256
}

const damage = ({ batch, difference }: JournalDamaged): Divergence => ({
  kind: "damage",
  batch,
  sequence: undefined,
  actor: undefined,
  expected: "the batch as it was written",
  got: difference,
  changes: []
})

/** Loads the last base event before a batch into a fold that has lost sight: a part of a journal has one for each actor. */
const loadBase = Effect.fnUntraced(function* ({ journal }: Source, fold: ActorFold, before: number) {
  const place = yield* journal.lastBase(fold.stream, before - 1)
  if (place === undefined || place.sequence <= fold.last) return
  const cursor = yield* journal.history(fold.stream, new Map([[fold.stream, place.version - 1]]))
  for (;;) {
    const page = yield* cursor.next()
    const base = page.find((event) => fold.isOwnBase(event))
    if (base !== undefined) fold.take(base)
    if (base !== undefined || page.length === 0) return
  }
})

class Run {
  private readonly source: Source
  private readonly counts: Counts
  private readonly checker: Verify.Checker
  private readonly actors: CheckedActors
  private readonly snapshots: Pulled<Snapshot>
  /** Sequence of the last event that was checked. */
  last: number

  constructor(known: Known, source: Source, options: CheckOptions, counts: Counts, snapshots: Pulled<Snapshot>) {
    this.source = source
    this.counts = counts
    this.checker = Verify.makeChecker(source.journal, options.sha256, source.previousHash)
    this.actors = new CheckedActors(known, counts, source.journal.anchor.sequence === 1 && !source.previousHash)
    this.snapshots = snapshots
    this.last = source.journal.anchor.sequence - 1
  }

  readonly batch = Effect.fnUntraced(function* (
    this: Run,
    sealed: SealedBatch
  ): Effect.fn.Return<Divergence | undefined, ReadError> {
    const progress = this.checker(sealed)
    if (Either.isLeft(progress)) return damage(progress.left)
    for (const fold of this.actors.outOfSight(sealed)) yield* loadBase(this.source, fold, sealed.firstSequence)
    const divergence = this.actors.take(sealed)
    if (divergence !== undefined) return divergence
    this.counts.add("batches")
    this.counts.add("events", progress.right.sequence - sealed.firstSequence + 1)
    const before = this.last
    this.last = progress.right.sequence
    for (;;) {
      const snapshot = yield* this.snapshots.peek()
      if (snapshot === undefined || snapshot.sequence > this.last) return undefined
      yield* this.snapshots.next()
      const found = this.snapshot(snapshot, sealed, before)
      if (found !== undefined) return found
    }
  })

  private snapshot(snapshot: Snapshot, { batch, firstSequence }: SealedBatch, before: number): Divergence | undefined {
    const isHere = snapshot.sequence >= firstSequence || snapshot.sequence <= before
    if (isHere && snapshot.sequence >= this.source.journal.anchor.sequence) return this.actors.snapshot(snapshot, batch)
    return this.counts.skip("snapshots", "its event is not kept here")
  }

  /** After the last batch: everything must have been there. */
  readonly end = Effect.fnUntraced(function* (
    this: Run,
    head: number
  ): Effect.fn.Return<Divergence | undefined, ReadError> {
    const place = { batch: undefined, sequence: this.last, actor: undefined, changes: [] }
    if (this.last < head) {
      const expected = `events up to ${head}`
      return { ...place, kind: "damage", expected, got: `it ends at event ${this.last}` }
    }
    const snapshot = yield* this.snapshots.peek()
    // A live journal may have got both the event and its snapshot meanwhile.
    if (snapshot === undefined || (yield* this.source.journal.head()).sequence >= snapshot.sequence) return undefined
    const { sequence, stream } = snapshot
    const got = `a snapshot after event ${sequence}`
    return { ...place, kind: "snapshot", sequence, actor: stream, expected: `events up to ${this.last}`, got }
  })
}

/** The first divergence of all batches. */
const checkBatches = Effect.fnUntraced(function* (
  known: Known,
  source: Source,
  options: CheckOptions,
  counts: Counts
): Effect.fn.Return<Divergence | undefined, ReadError, Scope.Scope> {
  const { journal } = source
  // Read first: a live journal may grow meanwhile, but what was there must be reached.
  const head = yield* journal.head()
  const run = new Run(known, source, options, counts, yield* pulled(journal.snapshots(0)))
  const batches = yield* pulled(journal.batches(0))
  for (;;) {
    const sealed = yield* batches.next()
    if (sealed === undefined) return yield* run.end(head.sequence)
    const divergence = yield* run.batch(sealed)
    if (divergence !== undefined) return divergence
  }
})

/** Reads the source once. Fails only where it cannot be read; damage is in the report. */
export const check = Effect.fn("Debugger.check")(function* (
  known: Known,
  source: Source,
  options: CheckOptions = {}
): Effect.fn.Return<CheckReport, JournalUnavailable> {
  const counts = new Counts()
  const divergence = yield* Effect.gen(function* () {
    const storage = yield* source.journal.check()
    const found = yield* Effect.scoped(checkBatches(known, source, options, counts))
    if (found !== undefined || storage === undefined) return found
    const place = { batch: undefined, sequence: undefined, actor: undefined, changes: [] }
    return { ...place, kind: "storage", expected: "a storage without faults", got: storage } as const
  }).pipe(Effect.catchTag("JournalDamaged", (error) => Effect.succeed(damage(error))))
  return counts.report(source, divergence)
})
