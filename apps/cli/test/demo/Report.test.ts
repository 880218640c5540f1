/** The demo's texts. */
import { assert, it } from "@effect/vitest"
import { MigratedView, VfState } from "@stopcopy/qat"
import { comparisonText, durationText, leftOutText, refusalText, reportText } from "../../src/demo/Report.ts"

const report = (journal: string) =>
  reportText({
    migrated: {
      setup: { bytes: 90, chunks: 2 },
      state: { bytes: 4006, chunks: 9 },
      downtime: { drain: 1e6, save: 2e6, transfer: 3e6, load: 4e6, resume: 5e5 }
    },
    events: 12,
    journal,
    program: "stopcopy"
  })

it("durations are milliseconds with three digits", () => {
  assert.strictEqual(durationText(1_234_567), "1.235 ms")
})

it("the report adds up what the migration took", () => {
  assert.deepStrictEqual(report("/tmp/a.db"), [
    "  bytes       4096 (setup part 90, rest 4006)",
    "  chunks      11 (2 and 9)",
    "  downtime    10.500 ms",
    "    drain      1.000 ms",
    "    save       2.000 ms",
    "    transfer   3.000 ms",
    "    load       4.000 ms",
    "    resume     0.500 ms",
    "  events      12",
    "  journal     /tmp/a.db",
    "  replay      stopcopy replay /tmp/a.db"
  ])
})

it("a path that a shell would split is quoted", () => {
  assert.strictEqual(report("/tmp/it's").at(-1), "  replay      stopcopy replay '/tmp/it'\\''s'")
})

it("a difference stands in its section and in the whole", () => {
  const view = MigratedView.migratedView(VfState.initial)
  const other = MigratedView.migratedView({ ...VfState.initial, init: 1 })
  const verdicts = (lines: ReadonlyArray<string>) => lines.slice(1).map((line) => line.trim().split(/\s+/).at(-1))
  assert.deepStrictEqual(
    verdicts(comparisonText(view, view)),
    Array.from({ length: 7 }, () => "equal")
  )
  const unequal = verdicts(comparisonText(view, other))
  assert.deepStrictEqual([unequal[0], unequal[1], unequal[6]], ["DIFFERENT", "equal", "DIFFERENT"])
})

it("everything that the view leaves out has its reason", () => {
  assert.strictEqual(leftOutText().length, MigratedView.leftOut.length)
  assert.isTrue(leftOutText().every((line) => /\S {2,}\S/.test(line)))
})

it("a refusal names the capabilities that are missing", () => {
  const refusal = {
    code: "mstate.gencap.superset",
    rule: "every capability",
    where: "CONFIG/gencap",
    source: "0x1000021",
    destination: "0x1",
    remedy: "another PF"
  }
  const lines = refusalText("Invalid argument", refusal)
  assert.include(lines, "  missing      compression (bit 5), LZ4 (bit 24)")
  assert.include(lines, "  error        Invalid argument [mstate.gencap.superset]")
  assert.deepStrictEqual(refusalText("Invalid argument", undefined), ["  Invalid argument; no reason was given"])
})
