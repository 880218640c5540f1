/** The steps of the demo on a terminal and in plain lines. */
import { assert, it } from "@effect/vitest"
import { EIO } from "@stopcopy/errno"
import { Effect, Layer } from "effect"
import { make } from "../../src/demo/Display.ts"
import { Terminal } from "../../src/Terminal.ts"

const escape = "\u001b"

/** What the display writes while one step succeeds and another one fails. */
const written = (ansi: boolean): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const texts: Array<string> = []
    const write = (text: string) => Effect.sync(() => void texts.push(text))
    const terminal = Layer.succeed(Terminal, { ansi, columns: 60, program: "stopcopy", write })
    const display = yield* Effect.provide(make, terminal)
    yield* display.step("load", Effect.succeed(7), String)
    yield* Effect.ignore(display.step("save", new EIO({}), String))
    return texts
  })

it.effect("plain lines tell what is done, without escape sequences", () =>
  Effect.gen(function* () {
    const texts = yield* written(false)
    assert.deepStrictEqual(texts, ["  ok load                  7\n", "  !! save                  failed with EIO\n"])
  })
)

it.effect("on a terminal the line of a step is rewritten when it is done", () =>
  Effect.gen(function* () {
    const texts = yield* written(true)
    const start = `\r${escape}[2K`
    assert.isTrue(texts.every((text) => text.startsWith(start)))
    const [load, loaded, save] = texts
    for (const [text, label] of [
      [load, "load"],
      [save, "save"]
    ] as const) {
      assert.strictEqual(text, `${start}  ⠋  ${label}`)
    }
    assert.isTrue(loaded?.endsWith("7\n"))
    assert.isTrue(texts.at(-1)?.endsWith("failed with EIO\n"))
  })
)

it.effect("a line that is under way is never wider than the terminal", () =>
  Effect.gen(function* () {
    const texts: Array<string> = []
    const write = (text: string) => Effect.sync(() => void texts.push(text))
    const display = yield* Effect.provideService(make, Terminal, {
      ansi: true,
      columns: 10,
      program: "stopcopy",
      write
    })
    yield* display.step("RESUMING to STOP", Effect.void, () => "")
    assert.strictEqual(texts[0], `\r${escape}[2K  ⠋  RESU`)
  })
)
