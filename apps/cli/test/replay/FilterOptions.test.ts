/** Times as people write them. */
import { assert, it } from "@effect/vitest"
import { microsOf } from "../../src/replay/FilterOptions.ts"

it("dates, times and zones; microseconds count; no zone is UTC", () => {
  const cases: ReadonlyArray<readonly [string, number]> = [
    ["1970-01-01", 0],
    ["1970-01-01T00:00", 0],
    ["1970-01-01 00:00:01", 1_000_000],
    ["1970-01-01T00:00:01.5", 1_500_000],
    ["1970-01-01T00:00:00.000001Z", 1],
    ["1970-01-01T01:00:00+01:00", 0],
    ["2026-01-02T03:04:05.678901Z", 1_767_323_045_678_901]
  ]
  for (const [text, micros] of cases) assert.strictEqual(microsOf(text), micros, text)
})

it("a date alone can mean the end of its day", () => {
  assert.strictEqual(microsOf("1970-01-01", "its last microsecond"), 86_400_000_000 - 1)
  assert.strictEqual(microsOf("1970-01-01T00:00", "its last microsecond"), 0)
})

it("what is no time is none", () => {
  for (const text of [
    "",
    "soon",
    "17",
    "2026-13-01",
    "2026-02-30",
    "2026-01-02T25:00",
    "2026-01-02T03:04:05.1234567"
  ]) {
    assert.isUndefined(microsOf(text), text)
  }
})
