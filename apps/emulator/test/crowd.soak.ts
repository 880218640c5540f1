/** Many guests at once, for minutes. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { crowd } from "./support/crowd.ts"
import { program } from "./support/program.ts"

const emulator = program()
const millis = 600_000

it.scopedLive("sixteen guests work for 10 minutes without an error, and each has its part", () =>
  Effect.gen(function* () {
    const { least } = yield* crowd(emulator, millis)
    assert.isAtLeast(least, 100)
  })
)
