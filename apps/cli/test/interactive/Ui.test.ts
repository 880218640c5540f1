/** What keys do. */
import { assert, it } from "@effect/vitest"
import { press, type Ui, wantedDetail } from "../../src/interactive/Ui.ts"
import { empty, loaded, unloaded } from "./moments.ts"

/** After keys: characters type themselves, words in angle brackets are names. */
const pressed = (ui: Ui, keys: string): Ui =>
  [...keys.matchAll(/<(\w+)>|(.)/g)].reduce(
    (before, [, name = "", text = ""]) => press(before, { name: name === "" ? text.toLowerCase() : name, text }, 4),
    ui
  )
const cursor = (keys: string): number => pressed(loaded, keys).model.cursor

it("steps, pages, ends, failures", () => {
  const cases: ReadonlyArray<readonly [string, number]> = [
    ["j", 1],
    ["jjk", 1],
    [" <down><down><up>", 2],
    ["<pagedown><pagedown><pageup>", 4],
    ["G", 19],
    ["<end><home>", 0],
    ["Gg", 0],
    ["f", 5],
    ["ff", 12],
    ["fff", 12],
    ["ffF", 5],
    ["k", 0],
    ["x<f5>", 0]
  ]
  for (const [keys, at] of cases) assert.strictEqual(cursor(keys), at, keys)
})

it("search by text and by regular expression, again and back; escape leaves the prompt", () => {
  assert.strictEqual(cursor("/Failed<return>"), 5)
  assert.strictEqual(cursor("/Failed<return>n"), 12)
  assert.strictEqual(cursor("/Failed<return>nN"), 5)
  assert.strictEqual(cursor('~step":1\\d<return>'), 10)
  assert.strictEqual(cursor("/Faix<backspace>led<enter>"), 5)
  assert.strictEqual(cursor("/Failed<escape>"), 0)
  assert.strictEqual(cursor("/<return>j"), 1)
  assert.include(pressed(loaded, "~(<return>").model.notice, "is no regular expression")
  assert.include(pressed(loaded, "/none<return>").model.notice, "'none' is not found after this event")
  assert.include(pressed(loaded, "n").model.notice, "nothing was searched for yet")
})

it("a search waits for events that are not loaded, and escape ends it", () => {
  const searching = pressed(unloaded, "/Failed<return>")
  assert.deepStrictEqual(searching.model.search, { at: 1, step: 1 })
  assert.isUndefined(pressed(searching, "<escape>").model.search)
})

it("jumps to an event by its sequence", () => {
  assert.strictEqual(cursor(":7<return>"), 6)
  assert.strictEqual(cursor(":a.db:7<return>"), 6)
  for (const wrong of ["x", "b.db:7", "-1"]) {
    assert.include(pressed(loaded, `:${wrong}<return>`).model.notice, `'${wrong}' is no event`)
  }
  assert.include(pressed(loaded, ":100<return>").model.notice, "no event from 100 on")
})

it("panes ask for what they show, once; scrolling starts again with another event", () => {
  assert.isUndefined(wantedDetail(loaded))
  assert.isUndefined(wantedDetail(pressed(unloaded, "s")))
  const state = pressed(loaded, "js")
  assert.deepStrictEqual(wantedDetail(state), { at: 1, pane: "state" })
  const there: Ui = { ...state, detail: { at: 1, pane: "state", lines: ["a"] } }
  assert.isUndefined(wantedDetail(there))
  assert.deepStrictEqual(wantedDetail(pressed(there, "d")), { at: 1, pane: "diff" })
  assert.deepStrictEqual(wantedDetail(pressed(there, "j")), { at: 2, pane: "state" })
  const tops = ["J", "JJ", "JJK", "K", "Jj", "Je"].map((keys) => pressed(there, keys).top)
  assert.deepStrictEqual(tops, [5, 10, 5, 0, 0, 0])
})

it("help closes with any key; q quits, but not in a prompt", () => {
  assert.isTrue(pressed(loaded, "?").help)
  assert.deepStrictEqual([pressed(loaded, "?q").help, pressed(loaded, "?q").done], [false, false])
  assert.isTrue(pressed(loaded, "q").done)
  assert.deepStrictEqual(pressed(loaded, "/q").prompt, { kind: "text", text: "q" })
})

it("nothing to step through is no trouble", () => {
  for (const keys of ["jkgGfF", "/a<return>nN", ":1<return>", "sdeJK"]) {
    assert.strictEqual(pressed(empty, keys).model.cursor, 0, keys)
  }
})
