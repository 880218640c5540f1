/** Hostile clients against a running emulator, briefly; `pnpm soak` has the long form. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { fuzz } from "./support/fuzz/fuzz.ts"
import { program } from "./support/program.ts"

const emulator = program()
const messages = 20_000
const mebibyte = 1024 * 1024

it.scopedLive("20,000 mutated messages and noise: it answers, and is as it was", () =>
  Effect.gen(function* () {
    // After the first quarter it still meets code for the first time, which grows the heap: 1 to 4 MiB.
    const options = { seed: 1, messages, looks: 4, growth: 6 * mebibyte, residentGrowth: 96 * mebibyte }
    const { score } = yield* fuzz(emulator, options)
    assert.isAbove(score.answers, messages / 2)
  }).pipe(Effect.timeout("50 seconds"))
)
