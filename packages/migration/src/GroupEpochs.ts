/**
 * The epochs of one migration, chosen once for the whole group. The destination's devices go through them in this order; a source goes from
 * its own epoch to `vote` when the destination has won. Rules of epochs: `packages/agent/README.md`.
 */
import { Schema } from "effect"

const Epoch = Schema.NonNegativeInt

export const GroupEpochs = Schema.Struct({
  /** The destination's devices are fenced with it: whatever they did before ends. */
  clear: Epoch,
  /** Under it they are held, and take the data. */
  claim: Epoch,
  /** What they vote for. The side that loses is fenced with it, and cannot get it back. */
  vote: Epoch,
  /** For the source, when an operator gives it the guest back behind a commit. */
  again: Epoch
})
export type GroupEpochs = typeof GroupEpochs.Type

/** Epochs above all that any device of the group has. */
export const above = (epochs: ReadonlyArray<number>): GroupEpochs => {
  const highest = epochs.reduce((most, epoch) => Math.max(most, epoch), 0)
  return { clear: highest + 1, claim: highest + 2, vote: highest + 3, again: highest + 4 }
}
