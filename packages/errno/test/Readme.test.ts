/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { fromWire, told } from "./readme.snippet.ts"

it.effect("a refusal reaches the reader in words", () =>
  Effect.map(told, (text) =>
    assert.strictEqual(
      text,
      "-22 Invalid argument: SLA 0: an SLA names a known service (source 9, destination 0..3); " +
        "use 0 asym, 1 sym, 2 compression or 3 decompression [example.service]"
    )
  )
)

it("a number becomes its error", () => {
  assert.deepStrictEqual(fromWire, Option.some("EAGAIN"))
})
