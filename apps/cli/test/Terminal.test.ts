/** The width of a terminal, also where it does not know it. */
import { assert, it } from "@effect/vitest"
import { columnsOf } from "../src/Terminal.ts"

it("a terminal that says no width, or 0, is taken as 80 columns wide", () => {
  assert.deepStrictEqual([{}, { columns: 0 }, { columns: undefined }].map(columnsOf), [80, 80, 80])
  assert.strictEqual(columnsOf({ columns: 132 }), 132)
})
