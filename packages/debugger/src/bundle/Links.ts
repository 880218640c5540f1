/** The hash chain of what a bundle has of a journal: every link, those after a gap too, and numbers without gaps where it has none. */
import { Verify } from "@stopcopy/runtime"
import type { JournalDamaged, SealedBatch } from "@stopcopy/runtime"
import { Either } from "effect"

/** A batch with the link before it, where the batch before it is not in the bundle. */
export interface LinkedBatch {
  readonly sealed: SealedBatch
  readonly previous: Uint8Array | undefined
  /** Line of the bundle that it stands in. */
  readonly line: number
}

/** The first batch that is not what was written, with its line. `start` is how far a journal is taken to be good before its first batch. */
export const checkLinks = (
  journal: Verify.Checked,
  batches: ReadonlyArray<LinkedBatch>
): Either.Either<void, { readonly damage: JournalDamaged; readonly line: number }> => {
  let check = Verify.makeChecker(journal)
  for (const { line, previous, sealed } of batches) {
    if (previous !== undefined) {
      const anchor = { batch: sealed.batch, sequence: sealed.firstSequence, hash: previous }
      check = Verify.makeChecker({ ...journal, anchor })
    }
    const checked = check(sealed)
    if (Either.isLeft(checked)) return Either.left({ damage: checked.left, line })
  }
  return Either.void
}
