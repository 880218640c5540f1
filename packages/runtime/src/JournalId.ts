/** The identity of a journal: it names the journal in causation ids and is part of every link of its hash chain. */
import { Effect, Random } from "effect"

/** 16 random bytes in 32 hexadecimal digits, from Effect's `Random`. */
export const makeJournalId: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 0x1_0000_0000), 4),
  (words) => words.map((word) => word.toString(16).padStart(8, "0")).join("")
)
