/** The README's example gives what it says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { identity } from "./readme.snippet.ts"

it.effect("the example gives what it says", () =>
  Effect.map(identity, (bytes) => assert.deepStrictEqual(bytes, new Uint8Array([0x86, 0x80, 0x43, 0x49])))
)
