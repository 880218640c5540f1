/** How a journey begins: opened, refused in words, and left; of several that were begun the last one counts. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Opener } from "../../src/travel/Opener.ts"
import type { Addresses } from "../../src/travel/Travelling.ts"
import { smallBundle } from "./journeys.ts"

const addresses: Addresses = { query: () => "at=source:4", show: () => undefined, onMove: () => () => undefined }

const opened = (opener: Opener) => {
  const state = opener.state.get()
  return state._tag === "Ready"
    ? [state.travelling.journey.name, state.travelling.view.get().cursor]
    : state._tag === "Failed"
      ? state.problem.message
      : state._tag
}

it.live("opens a file at the moment of the address, or says why not", () =>
  Effect.gen(function* () {
    const bytes = yield* smallBundle
    const opener = new Opener(addresses)
    assert.strictEqual(opened(opener), "Choosing")
    yield* Effect.promise(() => opener.file(new File([bytes], "a.bundle")))
    assert.deepStrictEqual(opened(opener), ["a.bundle", 4])
    yield* Effect.promise(() => opener.file(new File(["notes"], "notes.txt")))
    assert.strictEqual(opened(opener), "notes.txt is not a bundle of Stopcopy: it is no gzip file")
    const both = [opener.file(new File([bytes], "one")), opener.file(new File([bytes], "other"))]
    yield* Effect.promise(() => Promise.all(both))
    assert.deepStrictEqual(opened(opener), ["other", 4])
    opener.leave()
    assert.deepStrictEqual(opened(opener), ["other", 4])
  })
)

it.live("a migration needs a coordinator, and goes with its address", () =>
  Effect.gen(function* () {
    const opener = new Opener(addresses)
    yield* Effect.promise(() => opener.migration(undefined, "m-1"))
    assert.match(String(opened(opener)), /comes from a coordinator, and this page has none/)
    opener.leave()
    assert.strictEqual(opened(opener), "Choosing")
  })
)
