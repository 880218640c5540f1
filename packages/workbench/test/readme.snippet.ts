/** The example of the README. */
// region readme
import { rateOf, rowsOf, sectionText, takeTurns } from "@stopcopy/workbench"
import { Effect } from "effect"

/** Sorts of a thousand numbers per second, against a copy of them, as a section of text. */
export const report = Effect.gen(function* () {
  const numbers = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 1000)
  const times = (work: () => void) =>
    rateOf(
      100,
      Effect.sync(() => {
        for (let index = 0; index < 100; index++) work()
      })
    )
  const shared = { word: "none", unit: "call/s" } as const
  const rows = [
    { ...shared, key: "floor", name: "copy", measure: times(() => void numbers.slice()) },
    {
      ...shared,
      key: "sort",
      name: "sort",
      measure: times(() => void numbers.slice().sort((one, other) => one - other)),
      against: [{ key: "floor", to: "a copy" }]
    }
  ]
  const figures = yield* takeTurns(rows, 2)
  return sectionText({ title: "Sorting", rows: rowsOf(rows, figures) }, 0)
})
// endregion
