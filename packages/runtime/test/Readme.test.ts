/** The README's actor has under 40 lines and does what the README says. */
import { assert, it } from "@effect/vitest"
import { given } from "@stopcopy/runtime/testing"
import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { temporaryFile } from "./files.ts"
import { lamp, program } from "./readme.snippet.ts"

it("the README's actor has under 40 lines", async () => {
  const snippet = await readFile(join(import.meta.dirname, "readme.snippet.ts"), "utf8")
  assert.isBelow(snippet.trimEnd().split("\n").length, 40)
})

it.scoped("the snippet runs", () =>
  Effect.gen(function* () {
    const result = yield* program(yield* temporaryFile)
    assert.deepStrictEqual(result, {
      now: { on: false, switchedOn: 1 },
      before: '{"on":true,"switchedOn":1}',
      events: 2
    })
  })
)

it("the lamp is worn out after two times", () => {
  const on = { _tag: "Switched", on: true } as const
  given(lamp, [on, on]).when({ _tag: "TurnOn" }).expectEvents().expectRefusal({ _tag: "EBUSY" })
  const outcome = given(lamp, [on, on]).when({ _tag: "TurnOff" })
  assert.deepStrictEqual(outcome.events, [{ _tag: "Switched", on: false }])
})
