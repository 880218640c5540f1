/** Progress on a terminal and in plain lines. */
import { assert, it } from "@effect/vitest"
import { EIO } from "@stopcopy/errno"
import { Effect, Layer } from "effect"
import { barText, make } from "../../src/demo/Display.ts"
import { Terminal } from "../../src/Terminal.ts"

const escape = "\u001b"

/** What the display writes while one step of two chunks succeeds and another one fails. */
const written = (ansi: boolean): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const texts: Array<string> = []
    const write = (text: string) => Effect.sync(() => void texts.push(text))
    const terminal = Layer.succeed(Terminal, { ansi, columns: 60, program: "stopcopy", write })
    const display = yield* Effect.provide(make, terminal)
    yield* display.step("load", (report) => Effect.as(report({ done: 1, total: 2, unit: "bytes" }), 7), String)
    yield* Effect.ignore(display.step("save", () => new EIO({}), String))
    return texts
  })

it.effect("plain lines tell what is done, without escape sequences", () =>
  Effect.gen(function* () {
    const texts = yield* written(false)
    assert.deepStrictEqual(texts, ["  ok load                  7\n", "  !! save                  failed with EIO\n"])
  })
)

it.effect("on a terminal one line is rewritten and never wider than the terminal", () =>
  Effect.gen(function* () {
    const texts = yield* written(true)
    const start = `\r${escape}[2K`
    assert.isTrue(texts.every((text) => text.startsWith(start)))
    assert.isTrue(texts.slice(0, 2).every((text) => text.length - start.length < 60 && !text.endsWith("\n")))
    assert.include(texts[2], "load")
    assert.isTrue(texts[2]?.endsWith("7\n"))
    assert.isTrue(texts.at(-1)?.endsWith("failed with EIO\n"))
  })
)

it("a bar is full at its end, also when there is nothing to do", () => {
  const whole = `[${"#".repeat(24)}]`
  assert.strictEqual(barText({ done: 2, total: 2, unit: "bytes" }), `${whole}  2/2 bytes`)
  assert.strictEqual(barText({ done: 0, total: 0, unit: "bytes" }), `${whole}  0/0 bytes`)
  assert.include(barText({ done: 1, total: 2, unit: "bytes" }), `[${"#".repeat(12)}${"-".repeat(12)}]`)
})
