/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { program } from "./readme.snippet.ts"
import { folder } from "./support.ts"

it.scopedLive("the example gives what it says", () =>
  Effect.map(Effect.flatMap(folder, program), ({ difference, late, state }) => {
    assert.isUndefined(difference)
    assert.strictEqual(state, "RUNNING")
    assert.strictEqual(late, "pf0/vf1: epoch 0 is over, the device is at 1; describe the device and decide again")
  })
)
