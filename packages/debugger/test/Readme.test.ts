/** The README's example does what the README says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { program } from "./readme.snippet.ts"

it.effect("the snippet runs", () =>
  Effect.map(program, (result) =>
    assert.deepStrictEqual(result, {
      opened: 3,
      changed: ["open", "moves"],
      blamed: 3,
      causes: 0,
      sound: true
    })
  )
)
