/** Points as text. */
import { assert, it } from "@effect/vitest"
import { formatPoint, parsePoint } from "@stopcopy/debugger"
import { Effect } from "effect"
import { compacted, fill, freshSource } from "./worlds.ts"

it.scoped("one source needs no label, several need one, and both ways agree", () =>
  Effect.gen(function* () {
    const [one, two] = [yield* freshSource("one"), yield* freshSource("host:b")]
    yield* fill(one, 3)
    yield* fill(two, 2)
    for (const [sources, text] of [
      [[one], "3"],
      [[one], "0"],
      [[one, two], "one:1"],
      [[one, two], "host:b:2"]
    ] as const) {
      assert.strictEqual(formatPoint(sources, yield* parsePoint(sources, text)), text)
    }
    assert.strictEqual((yield* parsePoint([one], "one:2")).sequence, 2)
  })
)

it.scoped("what is no point, or names no event, is a typed error that says what would be one", () =>
  Effect.gen(function* () {
    const [one, two, none] = [yield* freshSource("one"), yield* freshSource("two"), yield* freshSource("none")]
    yield* fill(one, 3)
    const failing = (sources: Parameters<typeof parsePoint>[0], text: string) =>
      Effect.map(Effect.flip(parsePoint(sources, text)), ({ message }) => message)
    assert.strictEqual(yield* failing([one], "x"), "'x' is no point: write the sequence of an event, such as 17")
    assert.strictEqual(
      yield* failing([one, two], "1"),
      "'1' is no point: write LABEL:SEQUENCE, such as one:17; the labels are one, two"
    )
    assert.match(yield* failing([one, two], "three:1"), /no point/)
    assert.match(yield* failing([one], "99999999999999999999"), /no point/)
    assert.strictEqual(yield* failing([one], "4"), "one has no event 4: its events are 1 to 3")
    const late = yield* compacted
    assert.strictEqual(yield* failing([late], "2"), "one has no event 2: its events are 4 to 6")
    assert.strictEqual((yield* parsePoint([late], "3")).sequence, 3)
    assert.strictEqual(yield* failing([none], "1"), "none has no event 1: it has no events")
  })
)
