/** The README's example does what it says. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { greet, mistakes } from "./readme.snippet.ts"

it.scopedLive("the example serves, and says what is wrong", () =>
  Effect.gen(function* () {
    const port = yield* greet
    const text = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}`).then((response) => response.text()))
    assert.strictEqual(text, "hello\n")
    assert.strictEqual(
      mistakes(["serve", "--host", "--port=x"]),
      "there is no option '--host'\nsee greeter serve --help\n--port: 'x' is no port"
    )
  })
)
