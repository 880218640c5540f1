/** The screen as lines. */
import { assert, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { press, type Ui } from "../../src/interactive/Ui.ts"
import { view } from "../../src/interactive/View.ts"
import { empty, loaded, unloaded } from "./moments.ts"

const size = { columns: 70, rows: 16 }
const textOf = (ui: Ui, at = size): ReadonlyArray<string> => view(ui, at).map(({ text }) => text)
const key = (ui: Ui, ...texts: ReadonlyArray<string>): Ui =>
  texts.reduce((before, text) => press(before, { name: text, text: text.length === 1 ? text : "" }, 4), ui)

it("the events around the cursor, the event itself, and what the keys are", () => {
  const lines = textOf(key(loaded, "f", "k"))
  assert.deepStrictEqual(lines.slice(0, 7), [
    "a.db  5 of 20; times are UTC",
    '   2  00:00:00.000001  lamp/kitchen  Switched              raw {"step"',
    '   3  00:00:00.000002  lamp/kitchen  Switched              raw {"step"',
    '   4  00:00:00.000003  lamp/kitchen  Switched              raw {"step"',
    '>  5  00:00:00.000004  lamp/kitchen  Switched              raw {"step"',
    ' ! 6  00:00:00.000005  lamp/kitchen  SwitchFailed          raw {"step"',
    '   7  00:00:00.000006  lamp/kitchen  Switched              raw {"step"'
  ])
  assert.match(lines[7] ?? "", /^--- event 5: lamp\/kitchen -+$/)
  assert.deepStrictEqual(lines.slice(8, 12), [
    "time 1970-01-01T00:00:00.000004Z  batch 5  version 5",
    "correlation m-1  caused by nothing recorded",
    "step: 4",
    "text: esc?[31m"
  ])
  assert.match(lines[15] ?? "", /^j\/k step /)
})

it("the cursor and failures are marked for colours too", () => {
  const styles = view(key(loaded, "f", "k"), size).map(({ style }) => style)
  assert.deepStrictEqual(styles.slice(0, 7), ["quiet", "plain", "plain", "plain", "cursor", "failure", "plain"])
})

it("what is not there yet is dots; prompts, notices and searches are in the last line", () => {
  assert.strictEqual(textOf(unloaded)[1], ">  ...")
  assert.strictEqual(textOf(unloaded)[8], "...")
  assert.strictEqual(textOf(key(loaded, "s"))[8], "...")
  assert.strictEqual(textOf(key(loaded, "/", "a", "b")).at(-1), "search for text: ab_")
  assert.strictEqual(textOf(key(loaded, "k")).at(-1), "this is the first event")
  assert.strictEqual(textOf(key(unloaded, "/", "a", "return")).at(-1), "searching for 'a' ... escape ends it")
  assert.include(textOf(empty), "the filter lets no event through")
  assert.include(textOf(empty)[0], "0 of 0")
  assert.include(textOf(key(loaded, "?")).join("\n"), "j, down, space")
})

it("a long pane scrolls to its end, not beyond", () => {
  const lines = Array.from({ length: 30 }, (_, line) => `line ${line}`)
  const state: Ui = { ...key(loaded, "s"), detail: { at: 0, pane: "state", lines } }
  const scrolled = textOf({ ...state, top: 100 })
  assert.match(scrolled[7] ?? "", /^--- state after event 1: lamp\/kitchen, from line 24 of 30 -+$/)
  assert.deepStrictEqual(scrolled.slice(8, 15), lines.slice(23))
})

it("whatever the size and the keys, the screen has its rows, and no line is too long or has a control character", () => {
  const keys = FastCheck.array(FastCheck.constantFrom(..."jkfFgGesdJK?/~:nq1 ", "return", "pagedown"), {
    maxLength: 20
  })
  const sizes = FastCheck.record({
    columns: FastCheck.integer({ min: 1, max: 200 }),
    rows: FastCheck.integer({ min: 1, max: 60 })
  })
  FastCheck.assert(
    FastCheck.property(FastCheck.constantFrom(empty, unloaded, loaded), keys, sizes, (start, all, at) => {
      const lines = textOf(key(start, ...all), at)
      assert.strictEqual(lines.length, at.rows)
      for (const line of lines) {
        assert.isAtMost(line.length, at.columns)
        assert.notMatch(line, /\p{Cc}/u)
      }
    })
  )
})
