/** Many guests at once, briefly; `pnpm soak` has the long form. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { crowd } from "./support/crowd.ts"
import { program } from "./support/program.ts"

const emulator = program()
const millis = 5000

it.scopedLive("sixteen guests work for 5 s without an error, and each has its part", () =>
  Effect.gen(function* () {
    const { least } = yield* crowd(emulator, millis)
    assert.isAtLeast(least, 1)
  }).pipe(Effect.timeout("50 seconds"))
)
