/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { refusal, way } from "./readme.snippet.ts"

it("the example gives what it says", () => {
  assert.deepStrictEqual(way, ["PRE_COPY_P2P (7)", "STOP_COPY (3)"])
  assert.strictEqual(refusal, "EINVAL 22: go through STOP and RUNNING first; this ends the saving session")
})
