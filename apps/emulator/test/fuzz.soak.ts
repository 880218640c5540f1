/** Hostile clients against one emulator for five million messages. `SEED=7 pnpm soak` sends others than those of seed 1. */
import { assert, it } from "@effect/vitest"
import { Effect, Logger, LogLevel } from "effect"
import { fuzz } from "./support/fuzz/fuzz.ts"
import { program } from "./support/program.ts"

const emulator = program()
const messages = 5_000_000
const mebibyte = 1024 * 1024

it.scopedLive("five million mutated messages and noise: it answers, and is as it was", () =>
  Effect.gen(function* () {
    const seed = Number(process.env["SEED"] ?? "1")
    assert.isTrue(Number.isSafeInteger(seed) && seed > 0, `SEED must be a whole number from 1, not ${seed}`)
    // Less than 4 bytes for each message that is not noticed at the first look.
    const options = { seed, messages, looks: 20, growth: 16 * mebibyte, residentGrowth: 96 * mebibyte }
    const { score, seconds, told, turns, worst } = yield* fuzz(emulator, options)
    yield* Effect.log(
      `seed ${seed}: ${score.messages} messages in ${score.batches} batches over ${score.connections} connections, ` +
        `${score.answers} answers, ${Math.round(score.messages / seconds)} a second; a guest had ${turns} turns, ` +
        `and waited for ${worst} batches at most; bytes held (resident): ${told}`
    )
    assert.isAbove(score.answers, messages / 2)
  }).pipe(Logger.withMinimumLogLevel(LogLevel.Debug))
)
